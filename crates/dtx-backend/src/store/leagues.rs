//! Leagues.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::cache::Tables;
use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// A series of tournaments of one organization, and the teams that play in them.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct League {
    pub(crate) id: i64,
    pub(crate) organization_id: i64,
    pub(crate) name: String,
    pub(crate) owner_id: i64,
    pub(crate) created_at: Timestamp,
}

impl Record for League {
    const NAME: &'static str = "league";
    const TABLE: &'static str = "leagues";
    const SELECT: &'static str = "SELECT leagues.id, organization_id, leagues.name, owner_id, \
                                  leagues.created_at FROM leagues \
                                  JOIN organizations ON organizations.id = organization_id";
    const CONFLICT: &'static str = "another league of this organization has this name";
    type Filter = LeagueFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.owner_id
    }

    fn tables(&self) -> Option<Tables> {
        Some(Tables::OfLeague(self.id))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct LeagueFilter {
    organization: Option<i64>,
}

impl From<LeagueFilter> for Conditions {
    fn from(filter: LeagueFilter) -> Self {
        Self::new().equals("organization_id", filter.organization)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewLeague {
    pub(crate) organization_id: i64,
    pub(crate) name: String,
}

/// What is to change of a league; `None` stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LeagueChanges {
    pub(crate) name: Option<String>,
}

impl Store {
    pub(crate) async fn create_league(&self, new: &NewLeague) -> Result<League, StoreError> {
        let query = "INSERT INTO leagues (organization_id, name, created_at) \
                     VALUES ($1, $2, $3) RETURNING id";
        self.insert(
            self.query(query)
                .bind(new.organization_id)
                .bind(&new.name)
                .bind(Timestamp::now()),
        )
        .await
    }

    pub(crate) async fn update_league(
        &self,
        id: i64,
        changes: &LeagueChanges,
    ) -> Result<League, StoreError> {
        let query = "UPDATE leagues SET name = COALESCE($2, name) WHERE id = $1";
        self.update(id, self.query(query).bind(id).bind(&changes.name))
            .await
    }
}
