//! Teams.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::cache::Tables;
use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// A team of a league. It belongs to its captain.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Team {
    pub(crate) id: i64,
    pub(crate) league_id: i64,
    pub(crate) name: String,
    pub(crate) captain_id: i64,
    pub(crate) created_at: Timestamp,
}

impl Record for Team {
    const NAME: &'static str = "team";
    const TABLE: &'static str = "teams";
    const SELECT: &'static str = "SELECT id, league_id, name, captain_id, created_at FROM teams";
    const CONFLICT: &'static str = "another team of this league has this name";
    type Filter = TeamFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.captain_id
    }

    fn tables(&self) -> Option<Tables> {
        Some(Tables::OfLeague(self.league_id))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct TeamFilter {
    league: Option<i64>,
    captain: Option<i64>,
}

impl From<TeamFilter> for Conditions {
    fn from(filter: TeamFilter) -> Self {
        Self::new()
            .equals("league_id", filter.league)
            .equals("captain_id", filter.captain)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewTeam {
    pub(crate) league_id: i64,
    pub(crate) name: String,
}

/// What is to change of a team; `None` stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TeamChanges {
    pub(crate) name: Option<String>,
    pub(crate) captain_id: Option<i64>,
}

impl Store {
    pub(crate) async fn create_team(
        &self,
        new: &NewTeam,
        captain_id: i64,
    ) -> Result<Team, StoreError> {
        let query = "INSERT INTO teams (league_id, name, captain_id, created_at) \
                     VALUES ($1, $2, $3, $4) RETURNING id";
        self.insert(
            self.query(query)
                .bind(new.league_id)
                .bind(&new.name)
                .bind(captain_id)
                .bind(Timestamp::now()),
        )
        .await
    }

    pub(crate) async fn update_team(
        &self,
        id: i64,
        changes: &TeamChanges,
    ) -> Result<Team, StoreError> {
        let query = "UPDATE teams SET name = COALESCE($2, name), \
                     captain_id = COALESCE($3, captain_id) WHERE id = $1";
        self.update(
            id,
            self.query(query)
                .bind(id)
                .bind(&changes.name)
                .bind(changes.captain_id),
        )
        .await
    }
}
