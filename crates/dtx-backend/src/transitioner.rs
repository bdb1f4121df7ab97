//! Moving games through their states when their time has come.

use std::future::ready;

use futures_util::{StreamExt as _, stream};
use telemetry_core::record_error;
use time::Duration;
use tracing::field::Empty;
use tracing::{Span, instrument};

use crate::application::Parts;
use crate::cycle::{self, Cycle, CycleEnd};
use crate::jobs::Queues;
use crate::roles::Stop;
use crate::settings::Settings;
use crate::store::{DueGame, GameState, Store};

/// How many games a cycle moves.
const BATCH: i64 = 200;
/// How many of them side by side.
const CONCURRENCY: usize = 4;

/// Moves games until told to stop.
pub(crate) fn run(
    parts: &Parts,
    settings: &Settings,
    stop: Stop,
) -> impl Future<Output = anyhow::Result<()>> + use<> {
    let transitioner = Transitioner {
        store: parts.store.clone(),
        queues: parts.queues.clone(),
        game_time: settings.daemons.game_time,
    };
    let (every, patience) = (settings.daemons.cycle, settings.shutdown_timeout);
    async move {
        tracing::info!("transitioner_started");
        cycle::repeat(&transitioner, every, patience, stop).await;
        tracing::info!("transitioner_stopped");
        Ok(())
    }
}

/// Moves games on.
struct Transitioner {
    store: Store,
    queues: Queues,
    game_time: Duration,
}

impl Cycle for Transitioner {
    const NAME: &'static str = "transition_games";

    async fn run(&self) -> anyhow::Result<CycleEnd> {
        let games = self.store.due_games(self.game_time, BATCH).await?;
        let is_more = games.len() as i64 == BATCH;
        let moves = stream::iter(games).map(|game| self.move_on(game));
        let moved = moves.buffer_unordered(CONCURRENCY);
        let failed = moved.filter(|is_done| ready(!is_done)).count().await;
        Ok(CycleEnd {
            // What has failed would be found again at once.
            is_more: is_more && failed == 0,
            failed,
        })
    }
}

impl Transitioner {
    /// Moves a game on, unless somebody else has; `false` when it failed.
    #[instrument(
        name = "transition_game",
        skip_all,
        fields(
            game.id = game.id,
            game.old_status = game.state.name(),
            game.new_status = Empty,
            game.transitioned_at = Empty,
        )
    )]
    async fn move_on(&self, game: DueGame) -> bool {
        match self.store.move_game(&game).await {
            Ok(Some(transition)) => {
                let span = Span::current();
                span.record("game.new_status", transition.new_status.name());
                span.record(
                    "game.transitioned_at",
                    tracing::field::display(transition.at),
                );
                tracing::info!("game_transitioned");
                if transition.new_status == GameState::Finished {
                    self.queues.standings_changed(game.tournament_id).await;
                }
                true
            }
            Ok(None) => true,
            Err(error) => {
                record_error("transition_failed", &error);
                tracing::warn!(error = &*error.to_string(), "transition_failed");
                false
            }
        }
    }
}
