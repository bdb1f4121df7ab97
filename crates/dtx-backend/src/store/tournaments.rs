//! Tournaments.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::cache::Tables;
use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// A tournament of a league, whose games are played in rounds.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Tournament {
    pub(crate) id: i64,
    pub(crate) league_id: i64,
    pub(crate) name: String,
    pub(crate) starts_at: Timestamp,
    pub(crate) owner_id: i64,
    pub(crate) created_at: Timestamp,
}

impl Record for Tournament {
    const NAME: &'static str = "tournament";
    const TABLE: &'static str = "tournaments";
    const SELECT: &'static str = "SELECT tournaments.id, league_id, tournaments.name, starts_at, \
                                  owner_id, tournaments.created_at FROM tournaments \
                                  JOIN leagues ON leagues.id = league_id \
                                  JOIN organizations ON organizations.id = organization_id";
    const CONFLICT: &'static str = "another tournament of this league has this name";
    type Filter = TournamentFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.owner_id
    }

    fn tables(&self) -> Option<Tables> {
        Some(Tables::OfTournament(self.id))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct TournamentFilter {
    organization: Option<i64>,
    league: Option<i64>,
}

impl From<TournamentFilter> for Conditions {
    fn from(filter: TournamentFilter) -> Self {
        Self::new()
            .equals("organization_id", filter.organization)
            .equals("league_id", filter.league)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewTournament {
    pub(crate) league_id: i64,
    pub(crate) name: String,
    pub(crate) starts_at: Timestamp,
}

/// What is to change of a tournament; `None` stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TournamentChanges {
    pub(crate) name: Option<String>,
    pub(crate) starts_at: Option<Timestamp>,
}

impl Store {
    pub(crate) async fn create_tournament(
        &self,
        new: &NewTournament,
    ) -> Result<Tournament, StoreError> {
        let query = "INSERT INTO tournaments (league_id, name, starts_at, created_at) \
                     VALUES ($1, $2, $3, $4) RETURNING id";
        self.insert(
            self.query(query)
                .bind(new.league_id)
                .bind(&new.name)
                .bind(new.starts_at)
                .bind(Timestamp::now()),
        )
        .await
    }

    pub(crate) async fn update_tournament(
        &self,
        id: i64,
        changes: &TournamentChanges,
    ) -> Result<Tournament, StoreError> {
        let query = "UPDATE tournaments SET name = COALESCE($2, name), \
                     starts_at = COALESCE($3, starts_at) WHERE id = $1";
        self.update(
            id,
            self.query(query)
                .bind(id)
                .bind(&changes.name)
                .bind(changes.starts_at),
        )
        .await
    }
}
