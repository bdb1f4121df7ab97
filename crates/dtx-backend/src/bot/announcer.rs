//! Telling the chat what happens.

use std::time::Duration;

use anyhow::{Context as _, bail};
use reqwest_middleware::ClientWithMiddleware;
use serde_json::json;
use telemetry_core::record_error;
use telemetry_http::UrlTemplate;
use tokio::time::sleep;
use tracing::instrument;

use crate::events::Event;
use crate::outgoing::without_url;
use crate::store::{Claim, GameState, Store};

/// What the path of a webhook is in spans: its last segment is a secret.
const TEMPLATE: &str = "/api/webhooks/{id}/{token}";
/// How long it waits to note again what it has announced.
const PAUSE: Duration = Duration::from_millis(500);

/// Announces events, each once, however often it is brought. Clones share all.
#[derive(Clone, Debug)]
pub(crate) struct Announcer {
    store: Store,
    client: ClientWithMiddleware,
    /// Where announcements are posted; without it they are on a log line alone.
    webhook: Option<Webhook>,
}

/// The URL of a webhook, which has a token in it.
#[derive(Clone)]
struct Webhook(String);

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook")
    }
}

impl Announcer {
    pub(crate) fn new(store: Store, client: ClientWithMiddleware, webhook: Option<String>) -> Self {
        Self {
            store,
            client,
            webhook: webhook.map(Webhook),
        }
    }

    /// Announces an event, unless that was done or it is not of interest.
    ///
    /// # Errors
    ///
    /// When it is to be brought again: the database or the chat does not answer, or somebody
    /// else is about to announce it.
    #[instrument(name = "announce_event", skip_all, fields(announcement.id = id))]
    pub(crate) async fn announce(&self, id: &str, body: &[u8]) -> anyhow::Result<()> {
        let announced = self.try_to_announce(id, body).await;
        if let Err(error) = &announced {
            record_error("announcement_failed", &**error);
        }
        announced
    }

    async fn try_to_announce(&self, id: &str, body: &[u8]) -> anyhow::Result<()> {
        let event = serde_json::from_slice(body).context("it is none of our events")?;
        let Some(text) = announcement(&event) else {
            return Ok(());
        };
        match self.store.claim_announcement(id).await? {
            Claim::Granted => {}
            Claim::Taken => bail!("somebody else is about to announce it"),
            Claim::Announced => return Ok(()),
        }
        if let Err(error) = self.post(&text).await {
            // Where that fails too, the claim lapses.
            self.store.release_announcement(id).await?;
            return Err(error);
        }
        self.note(id).await;
        tracing::info!(announcement.id = id, "event_announced");
        Ok(())
    }

    async fn post(&self, text: &str) -> anyhow::Result<()> {
        let Some(Webhook(url)) = &self.webhook else {
            return Ok(());
        };
        let posting = self
            .client
            .post(url)
            .with_extension(UrlTemplate::new(TEMPLATE))
            .json(&json!({ "content": text }));
        let response = posting.send().await.map_err(without_url)?;
        let status = response.status();
        if !status.is_success() {
            bail!("the chat answered with {status}");
        }
        Ok(())
    }

    /// Notes that it is announced, as soon as the database answers: else it would be announced
    /// again.
    async fn note(&self, id: &str) {
        while let Err(error) = self.store.announced(id).await {
            tracing::warn!(error = &*error.to_string(), "announcement_not_noted");
            sleep(PAUSE).await;
        }
    }
}

/// What is said of an event; `None` when nothing is.
fn announcement(event: &Event) -> Option<String> {
    Some(match event {
        Event::GameCreated {
            game_id,
            tournament_id,
            scheduled_at,
        } => {
            let at = scheduled_at.to_unix();
            format!("Game **{game_id}** of tournament {tournament_id} is set for <t:{at}:f>.")
        }
        Event::GameNotification {
            game_id,
            tournament_id,
            scheduled_at,
            ..
        } => {
            let at = scheduled_at.to_unix();
            format!("Game **{game_id}** of tournament {tournament_id} begins at <t:{at}:t>.")
        }
        Event::GameTransitioned {
            game_id,
            new_status: GameState::Running,
            ..
        } => format!("Game **{game_id}** has begun."),
        Event::GameTransitioned {
            game_id,
            new_status: GameState::Finished,
            ..
        } => format!("Game **{game_id}** is over."),
        Event::GameTransitioned { .. } | Event::BracketChanged { .. } => return None,
    })
}
