//! Who takes part in a game.

use serde::Serialize;
use sqlx::FromRow;

use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// A user who takes part in a game.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct GamePlayer {
    user_id: i64,
    username: String,
    joined_at: Timestamp,
}

/// What became of a wish to take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Joining {
    /// The user is new to the game.
    Joined,
    /// The user was in the game before.
    HadJoined,
    /// The game is finished, or gone.
    TooLate,
}

impl Store {
    /// Lets a user take part in a game, unless that is finished.
    pub(crate) async fn join_game(
        &self,
        game_id: i64,
        user_id: i64,
    ) -> Result<Joining, StoreError> {
        let query = "INSERT INTO game_players (game_id, user_id, joined_at) \
                     SELECT id, $2, $3 FROM games WHERE id = $1 AND state <> 'finished' \
                     ON CONFLICT DO NOTHING";
        let joined = self
            .query(query)
            .bind(game_id)
            .bind(user_id)
            .bind(Timestamp::now())
            .execute()
            .await?;
        if joined > 0 {
            self.changed();
            return Ok(Joining::Joined);
        }
        let query = "SELECT user_id FROM game_players WHERE game_id = $1 AND user_id = $2";
        let player = self.query(query).bind(game_id).bind(user_id);
        let player: Option<(i64,)> = player.fetch_optional().await?;
        Ok(player.map_or(Joining::TooLate, |_| Joining::HadJoined))
    }

    /// Who takes part in a game, in the order in which they joined.
    pub(crate) async fn game_players(&self, game_id: i64) -> Result<Vec<GamePlayer>, StoreError> {
        let query = "SELECT user_id, username, joined_at FROM game_players \
                     JOIN users ON users.id = user_id WHERE game_id = $1 \
                     ORDER BY joined_at, user_id";
        Ok(self.query(query).bind(game_id).fetch_all().await?)
    }
}
