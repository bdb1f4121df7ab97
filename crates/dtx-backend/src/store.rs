//! The database, and the only place with SQL.
//!
//! A file for each resource. Handlers see [`Store`]'s methods and plain records; whether the
//! database is SQLite or PostgreSQL is known beneath [`Store::query`] alone. A query is written so:
//!
//! - once, in SQL that both understand, with `$1`, `$2`, …; sums as `CAST(SUM(…) AS BIGINT)`;
//! - `self.query(sql).bind(value)`, and then `execute()`, which gives the number of rows, or
//!   `fetch_all()`, `fetch_optional()` or `fetch_one()` of a record or a tuple such as `(i64,)`;
//! - `let mut transaction = self.begin().await?`, then `transaction.query(sql)` and the same;
//! - a transaction whose decision others could change [locks](transaction::Transaction::lock) what it
//!   rests on, and one that reads alone is [`begin_reading`](Store::begin_reading);
//! - where SQL has to differ, `self.database.choose(sqlite, postgres)`.

mod announcements;
mod cached;
mod conditions;
mod database;
mod drafts;
mod error;
mod game_players;
mod games;
mod job_watch;
mod jobs;
mod leagues;
mod matches;
mod migrations;
mod notifications;
mod organizations;
mod outbox;
mod picks;
mod player_stats;
mod query;
mod record;
mod sample;
mod sessions;
mod standings;
mod teams;
mod tournaments;
mod transaction;
mod transitions;
mod upcoming;
mod url;
mod users;

use std::sync::Arc;

use sqlx::{AssertSqlSafe, SqlSafeStr};
use tokio::sync::{Notify, watch};

pub(crate) use announcements::Claim;
pub(crate) use conditions::Conditions;
pub(crate) use database::Database;
pub(crate) use drafts::{Draft, DraftChanges, NewDraft};
pub(crate) use error::StoreError;
pub(crate) use game_players::{GamePlayer, Joining};
pub(crate) use games::{Game, GameChanges, GameFilter, GameState, NewGame};
pub(crate) use jobs::{JobStatus, StoredJob};
pub(crate) use leagues::{League, LeagueChanges, NewLeague};
pub(crate) use matches::{Match, NewMatch, Score};
pub(crate) use notifications::DueNotification;
pub(crate) use organizations::{NewOrganization, Organization, OrganizationChanges};
pub(crate) use outbox::StoredEvent;
pub(crate) use picks::{DraftTeam, Pick, StoredDraft};
pub(crate) use player_stats::{MatchStats, PlayerStats, PlayerTotals};
use query::Query;
pub(crate) use record::{Listing, Page, Record};
pub(crate) use sessions::{SESSION_LIFETIME, Session};
pub(crate) use standings::{BracketRound, Standing};
pub(crate) use teams::{NewTeam, Team, TeamChanges};
pub(crate) use tournaments::{NewTournament, Tournament, TournamentChanges};
use transaction::Transaction;
pub(crate) use transitions::DueGame;
pub(crate) use upcoming::UpcomingGame;
pub use url::DatabaseUrl;
pub(crate) use users::{User, UserChanges};

/// The data of the site. Clones share the same connections.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    database: Database,
    /// Counts what this process changes.
    changes: watch::Sender<u64>,
    /// Wakes the relay when this process has stored an event.
    events: Arc<Notify>,
}

impl Store {
    /// Tells when this process has changed something.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// A query, to be sent on any connection.
    fn query(&self, sql: impl SqlSafeStr) -> Query<'_> {
        self.database.query(sql)
    }

    /// The record with this id.
    pub(crate) async fn find<R: Record>(&self, id: i64) -> Result<Option<R>, StoreError> {
        let (select, table) = (R::SELECT, R::TABLE);
        let query = AssertSqlSafe(format!("{select} WHERE {table}.id = $1"));
        Ok(self.query(query).bind(id).fetch_optional().await?)
    }

    /// One page of the records that meet the conditions, in the order of their ids.
    pub(crate) async fn list<R: Record>(
        &self,
        conditions: &Conditions,
        page: Page,
    ) -> Result<Listing<R>, StoreError> {
        let select = format!("{}{}", R::SELECT, conditions.sql());
        let count = AssertSqlSafe(format!("SELECT COUNT(*) FROM ({select}) AS listed"));
        let count = conditions.bind_to(self.query(count));
        // The parameters after those of the conditions.
        let (limit, offset) = (conditions.count() + 1, conditions.count() + 2);
        let table = R::TABLE;
        let records = AssertSqlSafe(format!(
            "{select} ORDER BY {table}.id LIMIT ${limit} OFFSET ${offset}"
        ));
        let records = conditions
            .bind_to(self.query(records))
            .bind(i64::from(page.page_size))
            .bind(page.offset());
        let (count,) = count.fetch_one().await?;
        Ok(Listing {
            count,
            page: page.page,
            page_size: page.page_size,
            results: records.fetch_all().await?,
        })
    }

    /// Deletes the record with this id, if it is there.
    ///
    /// # Errors
    ///
    /// A conflict when other records refer to it.
    pub(crate) async fn delete<R: Record>(&self, id: i64) -> Result<(), StoreError> {
        let query = AssertSqlSafe(format!("DELETE FROM {} WHERE id = $1", R::TABLE));
        let deleted = self.query(query).bind(id).execute().await;
        deleted.map_err(StoreError::of_deletion)?;
        self.changed();
        Ok(())
    }

    /// Runs an `INSERT … RETURNING id` and reads the record that it made; a conflict when
    /// it made none.
    async fn insert<R: Record>(&self, query: Query<'_>) -> Result<R, StoreError> {
        let id = inserted::<R>(query).await?;
        self.changed();
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }

    /// Runs an `UPDATE` of one record and reads it; a conflict when there was none.
    async fn update<R: Record>(&self, id: i64, query: Query<'_>) -> Result<R, StoreError> {
        updated::<R>(query).await?;
        self.changed();
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }

    /// Makes last what a transaction did, and has it told.
    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        transaction.commit().await?;
        self.changed();
        self.events.notify_one();
        Ok(())
    }
}

/// Runs an `INSERT … RETURNING id`; the id, or a conflict when it made nothing.
async fn inserted<R: Record>(query: Query<'_>) -> Result<i64, StoreError> {
    let row = query.fetch_optional().await;
    let row = row.map_err(StoreError::of_change::<R>)?;
    let (id,) = row.ok_or(StoreError::Conflict(R::CONFLICT))?;
    Ok(id)
}

/// Runs an `UPDATE` of one record; a conflict when there was none.
async fn updated<R: Record>(query: Query<'_>) -> Result<(), StoreError> {
    let count = query.execute().await;
    match count.map_err(StoreError::of_change::<R>)? {
        0 => Err(StoreError::CHANGED),
        _ => Ok(()),
    }
}
