//! Notices of games that are about to begin.

use std::future::ready;

use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use telemetry_core::{error_chain, record_error};
use time::Duration;
use tracing::instrument;

use crate::cycle::{self, Cycle, CycleEnd};
use crate::events::Event;
use crate::roles::Stop;
use crate::settings::Settings;
use crate::site::Site;
use crate::store::{DueNotification, GameState, Store};
use crate::timestamp::Timestamp;

/// How many notifications a cycle sends.
const BATCH: i64 = 100;
/// How many of them side by side.
const CONCURRENCY: usize = 4;
/// How long a notification that failed waits; then twice as long each time.
const FIRST_WAIT: Duration = Duration::seconds(2);
/// How many times it doubles.
const DOUBLINGS: i64 = 5;

/// Sends notifications until told to stop.
pub(crate) fn run(
    store: Store,
    site: Site,
    settings: &Settings,
    stop: Stop,
) -> impl Future<Output = anyhow::Result<()>> + use<> {
    let notifier = Notifier {
        store,
        site,
        before: settings.daemons.notify_before,
    };
    let (every, patience) = (settings.daemons.cycle, settings.shutdown_timeout);
    async move {
        tracing::info!("notifier_started");
        cycle::repeat(&notifier, every, patience, stop).await;
        tracing::info!("notifier_stopped");
        Ok(())
    }
}

/// Sends notifications.
struct Notifier {
    store: Store,
    /// The API, which knows what becomes of a game.
    site: Site,
    before: Duration,
}

impl Cycle for Notifier {
    const NAME: &'static str = "check_notifications";

    async fn run(&self) -> anyhow::Result<CycleEnd> {
        let until = Timestamp::now().plus(self.before);
        self.store.plan_notifications(until).await?;
        let due = self.store.claim_notifications(BATCH).await?;
        let is_more = due.len() as i64 == BATCH;
        let sending = stream::iter(due).map(|due| self.send(due));
        let sent = sending.buffer_unordered(CONCURRENCY);
        let failed = sent.filter(|is_done| ready(!is_done)).count().await;
        Ok(CycleEnd { is_more, failed })
    }
}

impl Notifier {
    /// Sends a notification. One that fails is tried again later; `false` then.
    #[instrument(
        name = "send_notification",
        skip_all,
        fields(
            notification.id = due.id,
            notification.attempt = due.attempts,
            game.id = due.game_id,
            game.scheduled_at = %due.scheduled_at,
        )
    )]
    async fn send(&self, due: DueNotification) -> bool {
        let Err(error) = self.try_to_send(&due).await else {
            return true;
        };
        record_error("notification_failed", &error);
        tracing::warn!(
            error = &*error_chain::sentence(&error),
            "notification_failed"
        );
        let wait = FIRST_WAIT * (1 << (due.attempts - 1).clamp(0, DOUBLINGS));
        let until = Timestamp::now().plus(wait);
        // Without it the claim lapses.
        if let Err(error) = self.store.postpone_notification(due.id, until).await {
            tracing::warn!(error = &*error.to_string(), "notification_not_postponed");
        }
        false
    }

    async fn try_to_send(&self, due: &DueNotification) -> anyhow::Result<()> {
        let game = self
            .site
            .game(due.game_id)
            .await
            .context("the API did not answer as it should")?;
        // The API tells times in whole seconds.
        let is_same = |at: Timestamp| at.to_unix() == due.scheduled_at.to_unix();
        let game =
            game.filter(|game| game.state != GameState::Finished && is_same(game.scheduled_at));
        let Some(game) = game else {
            self.store.drop_notification(due.id).await?;
            tracing::info!("notification_dropped");
            return Ok(());
        };
        let event = Event::GameNotification {
            notification_id: due.id,
            game_id: due.game_id,
            tournament_id: game.tournament_id,
            scheduled_at: due.scheduled_at,
        };
        if self.store.send_notification(due.id, &event).await? {
            tracing::info!("notification_sent");
        }
        Ok(())
    }
}
