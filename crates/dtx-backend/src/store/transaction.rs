//! Transactions of whichever database it is.

use sqlx::{AssertSqlSafe, Postgres, Result, SqlSafeStr, Sqlite};
use telemetry_sql::TracedTransaction;

use crate::store::database::Database;
use crate::store::query::{Query, Statement, Target};
use crate::store::{Record, Store};

/// What is done wholly or not at all. Dropped before it is committed, it is taken back.
///
/// Two that write do not disturb each other: SQLite lets in one at a time, and with PostgreSQL a
/// transaction locks what its decisions rest on.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub(super) enum Transaction {
    Sqlite(TracedTransaction<'static, Sqlite>),
    Postgres(TracedTransaction<'static, Postgres>),
}

impl Store {
    /// Begins a transaction that writes. With SQLite no other one writes until it ends; with
    /// PostgreSQL it locks what it must: [`Transaction::lock`].
    pub(super) async fn begin(&self) -> Result<Transaction> {
        Ok(match &self.database {
            // Immediate: one that reads first could not write once another has written.
            Database::Sqlite(pool) => {
                Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?)
            }
            Database::Postgres(pool) => Transaction::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that reads alone, and sees the data of one moment.
    pub(super) async fn begin_reading(&self) -> Result<Transaction> {
        Ok(match &self.database {
            Database::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Database::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                Transaction::Postgres(pool.begin_with(begin).await?)
            }
        })
    }
}

impl Transaction {
    /// A query within this transaction.
    pub(super) fn query(&mut self, sql: impl SqlSafeStr) -> Query<'_> {
        match self {
            Self::Sqlite(transaction) => {
                Query::Sqlite(Statement::new(Target::Transaction(transaction), sql))
            }
            Self::Postgres(transaction) => {
                Query::Postgres(Statement::new(Target::Transaction(transaction), sql))
            }
        }
    }

    /// Waits until no other transaction has locked this record, and locks it to the end of this
    /// one.
    pub(super) async fn lock<R: Record>(&mut self, id: i64) -> Result<()> {
        if let Self::Sqlite(_) = self {
            return Ok(());
        }
        // Not its key: others may refer to it meanwhile.
        let table = R::TABLE;
        let lock = format!("SELECT id FROM {table} WHERE id = $1 FOR NO KEY UPDATE");
        self.query(AssertSqlSafe(lock)).bind(id).execute().await?;
        Ok(())
    }

    /// Waits until no other transaction has written to the table of these records, and keeps
    /// others from it to the end of this one.
    pub(super) async fn lock_all<R: Record>(&mut self) -> Result<()> {
        if let Self::Sqlite(_) = self {
            return Ok(());
        }
        let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", R::TABLE);
        self.query(AssertSqlSafe(lock)).execute().await?;
        Ok(())
    }

    /// Makes what it did last.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}
