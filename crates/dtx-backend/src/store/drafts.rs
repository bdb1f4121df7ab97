//! Drafts.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// The draft of a tournament in which the captains of two teams choose in turn.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct Draft {
    pub(crate) id: i64,
    pub(crate) tournament_id: i64,
    pub(crate) first_team_id: i64,
    pub(crate) first_captain_id: i64,
    pub(crate) second_team_id: i64,
    pub(crate) second_captain_id: i64,
    pub(crate) starts_at: Timestamp,
    pub(crate) owner_id: i64,
    pub(crate) created_at: Timestamp,
}

impl Record for Draft {
    const NAME: &'static str = "draft";
    const TABLE: &'static str = "drafts";
    const SELECT: &'static str = "SELECT drafts.id, tournament_id, \
                                  first_team_id, first.captain_id AS first_captain_id, \
                                  second_team_id, second.captain_id AS second_captain_id, \
                                  starts_at, owner_id, drafts.created_at FROM drafts \
                                  JOIN teams AS first ON first.id = first_team_id \
                                  JOIN teams AS second ON second.id = second_team_id \
                                  JOIN leagues ON leagues.id = drafts.league_id \
                                  JOIN organizations ON organizations.id = organization_id";
    const CONFLICT: &'static str = "the tournament was deleted meanwhile";
    type Filter = DraftFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.owner_id
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct DraftFilter {
    tournament: Option<i64>,
}

impl From<DraftFilter> for Conditions {
    fn from(filter: DraftFilter) -> Self {
        Self::new().equals("tournament_id", filter.tournament)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewDraft {
    pub(crate) tournament_id: i64,
    pub(crate) first_team_id: i64,
    pub(crate) second_team_id: i64,
    pub(crate) starts_at: Timestamp,
}

/// What is to change of a draft; `None` stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DraftChanges {
    pub(crate) starts_at: Option<Timestamp>,
}

impl Store {
    pub(crate) async fn create_draft(&self, new: &NewDraft) -> Result<Draft, StoreError> {
        let query = "INSERT INTO drafts (tournament_id, league_id, first_team_id, \
                     second_team_id, starts_at, created_at) \
                     SELECT id, league_id, $2, $3, $4, $5 FROM tournaments WHERE id = $1 \
                     RETURNING id";
        self.insert(
            self.query(query)
                .bind(new.tournament_id)
                .bind(new.first_team_id)
                .bind(new.second_team_id)
                .bind(new.starts_at)
                .bind(Timestamp::now()),
        )
        .await
    }

    pub(crate) async fn update_draft(
        &self,
        id: i64,
        changes: &DraftChanges,
    ) -> Result<Draft, StoreError> {
        let query = "UPDATE drafts SET starts_at = COALESCE($2, starts_at) WHERE id = $1";
        self.update(id, self.query(query).bind(id).bind(changes.starts_at))
            .await
    }
}
