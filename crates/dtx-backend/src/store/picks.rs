//! Live drafts: who has picked what.

use serde::Serialize;
use sqlx::FromRow;

use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// What is stored of a draft that is played live.
#[derive(Debug)]
pub(crate) struct StoredDraft {
    pub(crate) id: i64,
    pub(crate) tournament_id: i64,
    /// Who picks first, and who second.
    pub(crate) teams: [DraftTeam; 2],
    /// `None` until a captain begins it.
    pub(crate) started_at: Option<Timestamp>,
    /// In the order in which they were made.
    pub(crate) picks: Vec<Pick>,
}

/// A team in a draft.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct DraftTeam {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) captain_id: i64,
}

/// A hero that a team has picked.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Pick {
    /// Counts from 1, over both teams.
    pub(crate) position: i64,
    pub(crate) team_id: i64,
    pub(crate) hero: String,
    /// The clock had run out.
    pub(crate) is_automatic: bool,
    pub(crate) picked_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    tournament_id: i64,
    started_at: Option<Timestamp>,
    first_team_id: i64,
    first_name: String,
    first_captain_id: i64,
    second_team_id: i64,
    second_name: String,
    second_captain_id: i64,
}

impl Store {
    /// The draft with this id.
    pub(crate) async fn stored_draft(&self, id: i64) -> Result<Option<StoredDraft>, StoreError> {
        let query = "SELECT drafts.id, tournament_id, started_at, \
                     first_team_id, first.name AS first_name, \
                     first.captain_id AS first_captain_id, \
                     second_team_id, second.name AS second_name, \
                     second.captain_id AS second_captain_id FROM drafts \
                     JOIN teams AS first ON first.id = first_team_id \
                     JOIN teams AS second ON second.id = second_team_id \
                     WHERE drafts.id = $1";
        let row: Option<Row> = self.query(query).bind(id).fetch_optional().await?;
        let Some(row) = row else { return Ok(None) };
        let query = "SELECT position, team_id, hero, is_automatic, picked_at FROM draft_picks \
                     WHERE draft_id = $1 ORDER BY position";
        let picks = self.query(query).bind(id).fetch_all().await?;
        Ok(Some(StoredDraft {
            id: row.id,
            tournament_id: row.tournament_id,
            teams: [
                DraftTeam {
                    id: row.first_team_id,
                    name: row.first_name,
                    captain_id: row.first_captain_id,
                },
                DraftTeam {
                    id: row.second_team_id,
                    name: row.second_name,
                    captain_id: row.second_captain_id,
                },
            ],
            started_at: row.started_at,
            picks,
        }))
    }

    /// Begins a draft; `false` when it has begun already.
    pub(crate) async fn begin_draft(&self, id: i64) -> Result<bool, StoreError> {
        let query = "UPDATE drafts SET started_at = $2 WHERE id = $1 AND started_at IS NULL";
        let begun = self
            .query(query)
            .bind(id)
            .bind(Timestamp::now())
            .execute()
            .await?;
        self.changed();
        Ok(begun > 0)
    }

    /// Stores a pick; `false` when there is one at this position, or of this hero, already.
    pub(crate) async fn add_pick(
        &self,
        draft_id: i64,
        position: i64,
        team_id: i64,
        hero: &str,
        is_automatic: bool,
    ) -> Result<bool, StoreError> {
        let query = "INSERT INTO draft_picks \
                     (draft_id, position, team_id, hero, is_automatic, picked_at) \
                     VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let added = self
            .query(query)
            .bind(draft_id)
            .bind(position)
            .bind(team_id)
            .bind(hero)
            .bind(is_automatic)
            .bind(Timestamp::now())
            .execute()
            .await?;
        self.changed();
        Ok(added > 0)
    }

    /// The drafts that have begun and have fewer than `picks` picks.
    pub(crate) async fn drafts_under_way(&self, picks: usize) -> Result<Vec<i64>, StoreError> {
        let query = "SELECT id FROM drafts WHERE started_at IS NOT NULL AND \
                     (SELECT COUNT(*) FROM draft_picks WHERE draft_id = drafts.id) < $1 \
                     ORDER BY id";
        let picks = i64::try_from(picks).unwrap_or(i64::MAX);
        let drafts = self.query(query).bind(picks).fetch_all().await?;
        Ok(drafts.into_iter().map(|(id,)| id).collect())
    }
}
