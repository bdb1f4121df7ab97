//! Which games are played next.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// How many are told.
const MOST: i64 = 10;

/// A game that is still to be played, with the names of all that it is about.
#[derive(Debug, Deserialize, FromRow, Serialize)]
pub(crate) struct UpcomingGame {
    pub(crate) game_id: i64,
    pub(crate) tournament_id: i64,
    pub(crate) tournament: String,
    pub(crate) first_team: String,
    pub(crate) second_team: String,
    pub(crate) scheduled_at: Timestamp,
}

impl Store {
    /// The games that are scheduled, the next ten.
    pub(crate) async fn upcoming_games(&self) -> Result<Vec<UpcomingGame>, StoreError> {
        let query = "SELECT games.id AS game_id, tournament_id, tournaments.name AS tournament, \
                     first.name AS first_team, second.name AS second_team, scheduled_at \
                     FROM games JOIN tournaments ON tournaments.id = tournament_id \
                     JOIN teams AS first ON first.id = first_team_id \
                     JOIN teams AS second ON second.id = second_team_id \
                     WHERE state = 'scheduled' ORDER BY scheduled_at, games.id LIMIT $1";
        Ok(self.query(query).bind(MOST).fetch_all().await?)
    }
}
