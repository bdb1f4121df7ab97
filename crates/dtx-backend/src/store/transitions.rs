//! Games whose time has come.

use sqlx::FromRow;
use time::Duration;

use crate::events::Event;
use crate::store::{GameState, Store, StoreError};
use crate::timestamp::Timestamp;

/// A game that is to go to its next state.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct DueGame {
    pub(crate) id: i64,
    pub(crate) tournament_id: i64,
    pub(crate) state: GameState,
}

/// A game that went to its next state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transition {
    pub(crate) new_status: GameState,
    pub(crate) at: Timestamp,
}

impl Store {
    /// Games that are to begin, or were begun `game_time` ago, those that are due longest first.
    pub(crate) async fn due_games(
        &self,
        game_time: Duration,
        limit: i64,
    ) -> Result<Vec<DueGame>, StoreError> {
        let now = Timestamp::now();
        let query = "SELECT id, tournament_id, state FROM games \
                     WHERE (state = 'scheduled' AND scheduled_at <= $1) \
                     OR (state = 'running' AND started_at <= $2) \
                     ORDER BY scheduled_at, id LIMIT $3";
        let query = self.query(query).bind(now);
        let query = query.bind(now.plus(-game_time)).bind(limit);
        Ok(query.fetch_all().await?)
    }

    /// Moves a game to its next state, now, and has the event told; `None` when it has left the
    /// state that it was seen in, or has no next one.
    pub(crate) async fn move_game(&self, game: &DueGame) -> Result<Option<Transition>, StoreError> {
        let (new_status, query) = match game.state {
            GameState::Scheduled => (
                GameState::Running,
                "UPDATE games SET state = 'running', started_at = $2 \
                 WHERE id = $1 AND state = 'scheduled' AND scheduled_at <= $2",
            ),
            GameState::Running => (
                GameState::Finished,
                "UPDATE games SET state = 'finished', finished_at = $2 \
                 WHERE id = $1 AND state = 'running'",
            ),
            GameState::Finished => return Ok(None),
        };
        let now = Timestamp::now();
        let mut transaction = self.begin().await?;
        let query = transaction.query(query).bind(game.id).bind(now);
        if query.execute().await? == 0 {
            return Ok(None);
        }
        let event = Event::GameTransitioned {
            game_id: game.id,
            tournament_id: game.tournament_id,
            old_status: game.state,
            new_status,
            transitioned_at: now,
        };
        transaction.store_event(&event).await?;
        self.commit(transaction).await?;
        Ok(Some(Transition {
            new_status,
            at: now,
        }))
    }
}
