//! Transactions.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Instant;

use sqlx::{Connection as _, Database, Error, Result, SqlStr, Transaction};
use sqlx_core::transaction::TransactionManager as _;

use crate::connection::{Held, TracedConnection};
use crate::executor::Telemetry;
use crate::pool::TracedPool;
use crate::settings::Settings;

/// What sqlx begins a transaction with.
const BEGIN: &str = "BEGIN";
/// The message of the error for a transaction that its connection is not within.
const EXCHANGED: &str =
    "the connection of the transaction was exchanged, or a savepoint within it has not ended";

/// A transaction, or a savepoint, whose statements are recorded: its beginning and its end too.
///
/// Used as sqlx's is: `&mut *transaction` is the [`Executor`](sqlx::Executor).
///
/// ```
/// use sqlx::Sqlite;
/// use telemetry_sql::TracedPool;
///
/// async fn retire(pool: &TracedPool<Sqlite>, id: i64) -> sqlx::Result<()> {
///     let mut transaction = pool.begin().await?;
///     let delete = sqlx::query("DELETE FROM players WHERE id = ?").bind(id);
///     delete.execute(&mut *transaction).await?;
///     transaction.commit().await
/// }
/// ```
///
/// Dropped before, it is rolled back the next time that its connection is used, as sqlx's is.
/// There is no span of that.
///
/// The transaction stays with its connection. `std::mem::swap(&mut *transaction, …)` and
/// `std::mem::replace` compile, as they do with sqlx's, and put another connection in its place:
/// to commit or to roll back is then an error, where sqlx succeeds and does nothing.
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct TracedTransaction<'c, DB: Database> {
    connection: TracedConnection<'c, DB>,
    /// How many transactions and savepoints its connection is within, itself included.
    depth: usize,
}

impl<'c, DB: Database> TracedTransaction<'c, DB> {
    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// Those of sqlx, and [`Error::InvalidArgument`] when its connection was exchanged for another
    /// one, or a savepoint within it was forgotten: nothing is committed then.
    pub async fn commit(self) -> Result<()> {
        self.end(End::Commit).await
    }

    /// Takes back what the transaction did, or what was done since the savepoint.
    ///
    /// # Errors
    ///
    /// Those of [`commit`](Self::commit).
    pub async fn rollback(self) -> Result<()> {
        self.end(End::Rollback).await
    }

    /// Ends the transaction, if it still is what the connection is within.
    async fn end(self, end: End) -> Result<()> {
        let Self { connection, depth } = self;
        let TracedConnection { held, settings } = connection;
        let sql = SqlStr::from_static(end.sql(depth > 1));
        let watch = Telemetry::of(&settings).start(&sql, None);
        let ended = async {
            let Held::Transaction(mut transaction) = held else {
                return Err(Error::InvalidArgument(EXCHANGED.to_owned()));
            };
            if depth_of::<DB>(&transaction) != depth {
                // SQLite rolls a dropped savepoint back on a thread of its own, in order: once
                // that thread answers, it has.
                transaction.ping().await?;
            }
            if depth_of::<DB>(&transaction) != depth {
                return Err(Error::InvalidArgument(EXCHANGED.to_owned()));
            }
            match end {
                End::Commit => transaction.commit().await,
                End::Rollback => transaction.rollback().await,
            }
        };
        watch.future(Box::pin(ended)).await
    }

    pub(crate) async fn begin_on(
        connection: &'c mut TracedConnection<'_, DB>,
        statement: Option<SqlStr>,
    ) -> Result<Self> {
        let settings = Arc::clone(&connection.settings);
        let connection: &'c mut DB::Connection = &mut *connection;
        let is_savepoint = connection.is_in_transaction();
        let sql = match &statement {
            Some(statement) => statement.clone(),
            None if is_savepoint => SqlStr::from_static("SAVEPOINT"),
            None => SqlStr::from_static(BEGIN),
        };
        let watch = Telemetry::of(&settings).start(&sql, None);
        let begun = Transaction::begin(connection, statement);
        let transaction = watch.future(begun).await?;
        Ok(Self::new(transaction, settings))
    }

    fn new(transaction: Transaction<'c, DB>, settings: Arc<Settings>) -> Self {
        Self {
            depth: depth_of::<DB>(&transaction),
            connection: TracedConnection {
                held: Held::Transaction(transaction),
                settings,
            },
        }
    }
}

impl<DB: Database> TracedTransaction<'static, DB> {
    /// Begins one on a connection of a pool. The span has the wait for the connection in it, as
    /// that of a statement has.
    pub(crate) async fn begin_on_pool(
        pool: &TracedPool<DB>,
        statement: Option<SqlStr>,
    ) -> Result<Self> {
        let settings = pool.settings();
        let sql = statement.clone();
        let sql = sql.unwrap_or_else(|| SqlStr::from_static(BEGIN));
        let (watch, connected) = Telemetry::of(settings).start_waiting(&sql);
        let begun = async {
            let connection = pool.wait().await?;
            if let Some(connected) = connected {
                let _first = connected.set(Instant::now());
            }
            Transaction::begin(connection, statement).await
        };
        let transaction = watch.future(Box::pin(begun)).await?;
        Ok(Self::new(transaction, Arc::clone(settings)))
    }
}

impl<'c, DB: Database> Deref for TracedTransaction<'c, DB> {
    type Target = TracedConnection<'c, DB>;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Database> DerefMut for TracedTransaction<'_, DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug)]
enum End {
    Commit,
    Rollback,
}

impl End {
    /// The statement that it is.
    fn sql(self, is_savepoint: bool) -> &'static str {
        match (self, is_savepoint) {
            (Self::Commit, false) => "COMMIT",
            (Self::Commit, true) => "RELEASE SAVEPOINT",
            (Self::Rollback, false) => "ROLLBACK",
            (Self::Rollback, true) => "ROLLBACK TO SAVEPOINT",
        }
    }
}

/// How many transactions and savepoints a connection is within.
fn depth_of<DB: Database>(connection: &DB::Connection) -> usize {
    DB::TransactionManager::get_transaction_depth(connection)
}
