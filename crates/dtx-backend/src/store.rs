//! The database, and the only place with SQL.
//!
//! A file for each resource. Handlers see [`Store`]'s methods and plain records, so that
//! another database beside SQLite is a matter of this module alone; the SQL itself keeps
//! to what PostgreSQL understands too.

mod conditions;
mod database;
mod drafts;
mod error;
mod games;
mod jobs;
mod leagues;
mod matches;
mod organizations;
mod picks;
mod player_stats;
mod record;
mod sample;
mod sessions;
mod standings;
mod teams;
mod tournaments;
mod users;

use sqlx::query::Query;
use sqlx::sqlite::{Sqlite, SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Row as _};
use tokio::sync::watch;

pub(crate) use conditions::Conditions;
use conditions::Operand;
pub use database::DatabaseUrl;
pub(crate) use drafts::{Draft, DraftChanges, NewDraft};
pub(crate) use error::StoreError;
pub(crate) use games::{Game, GameChanges, GameFilter, GameState, NewGame};
pub(crate) use jobs::{JobStatus, StoredJob};
pub(crate) use leagues::{League, LeagueChanges, NewLeague};
pub(crate) use matches::{Match, NewMatch, Score};
pub(crate) use organizations::{NewOrganization, Organization, OrganizationChanges};
pub(crate) use picks::{DraftTeam, Pick, StoredDraft};
pub(crate) use player_stats::{MatchStats, PlayerStats, PlayerTotals};
pub(crate) use record::{Listing, Page, Record};
pub(crate) use sessions::SESSION_LIFETIME;
pub(crate) use standings::{BracketRound, Standing};
pub(crate) use teams::{NewTeam, Team, TeamChanges};
pub(crate) use tournaments::{NewTournament, Tournament, TournamentChanges};
pub(crate) use users::{User, UserChanges};

/// The data of the site. Clones share the same connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: SqlitePool,
    /// Counts what this process changes.
    changes: watch::Sender<u64>,
}

impl Store {
    /// Tells when this process has changed something.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// The record with this id.
    pub(crate) async fn find<R: Record>(&self, id: i64) -> Result<Option<R>, StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new(R::SELECT);
        query.push(" WHERE ").push(R::TABLE).push(".id = ");
        let query = query.push_bind(id).build_query_as();
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// One page of the records that meet the conditions, in the order of their ids.
    pub(crate) async fn list<R: Record>(
        &self,
        conditions: &Conditions,
        page: Page,
    ) -> Result<Listing<R>, StoreError> {
        let mut count = select::<R>("SELECT COUNT(*) FROM (", conditions);
        let count = count.push(") AS listed").build_query_scalar();
        let mut records = select::<R>("", conditions);
        records
            .push(" ORDER BY ")
            .push(R::TABLE)
            .push(".id LIMIT ")
            .push_bind(i64::from(page.page_size))
            .push(" OFFSET ")
            .push_bind(page.offset());
        Ok(Listing {
            count: count.fetch_one(&self.pool).await?,
            page: page.page,
            page_size: page.page_size,
            results: records.build_query_as().fetch_all(&self.pool).await?,
        })
    }

    /// Deletes the record with this id, if it is there.
    ///
    /// # Errors
    ///
    /// A conflict when other records refer to it.
    pub(crate) async fn delete<R: Record>(&self, id: i64) -> Result<(), StoreError> {
        let mut query = QueryBuilder::<Sqlite>::new("DELETE FROM ");
        query.push(R::TABLE).push(" WHERE id = ").push_bind(id);
        let deleted = query.build().execute(&self.pool).await;
        deleted.map_err(StoreError::of_deletion)?;
        self.changed();
        Ok(())
    }

    /// Runs an `INSERT … RETURNING id` and reads the record that it made; a conflict when
    /// it made none.
    async fn insert<R: Record>(
        &self,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<R, StoreError> {
        let row = query
            .try_map(|row: SqliteRow| row.try_get("id"))
            .fetch_optional(&self.pool)
            .await
            .map_err(StoreError::of_change::<R>)?;
        self.changed();
        let id = row.ok_or(StoreError::Conflict(R::CONFLICT))?;
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }

    /// Runs an `UPDATE` of one record and reads it; a conflict when there was none.
    async fn update<R: Record>(
        &self,
        id: i64,
        query: Query<'_, Sqlite, SqliteArguments>,
    ) -> Result<R, StoreError> {
        let result = query.execute(&self.pool).await;
        let result = result.map_err(StoreError::of_change::<R>)?;
        if result.rows_affected() == 0 {
            return Err(StoreError::CHANGED);
        }
        self.changed();
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }
}

/// A query of the records that meet the conditions, after what is to come before it.
fn select<R: Record>(start: &str, conditions: &Conditions) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(start);
    query.push(R::SELECT);
    for (at, (column, operand)) in conditions.iter().enumerate() {
        query.push(if at == 0 { " WHERE " } else { " AND " });
        query.push(column).push(" = ");
        match operand {
            Operand::Integer(value) => query.push_bind(value),
            Operand::Text(value) => query.push_bind(value),
        };
    }
    query
}
