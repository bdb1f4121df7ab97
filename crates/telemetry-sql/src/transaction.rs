//! Transactions.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::{Connection as _, Database, Result, SqlStr, Transaction};

use crate::connection::{Held, TracedConnection};
use crate::executor::{Telemetry, recorded};
use crate::pool::TracedPool;
use crate::settings::Settings;

/// What sqlx begins a transaction with.
const BEGIN: &str = "BEGIN";

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
#[derive(Debug)]
#[must_use = "a transaction that is dropped is rolled back"]
pub struct TracedTransaction<'c, DB: Database> {
    connection: TracedConnection<'c, DB>,
    is_savepoint: bool,
}

impl<'c, DB: Database> TracedTransaction<'c, DB> {
    /// Commits the transaction, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// Those of sqlx.
    pub async fn commit(self) -> Result<()> {
        let sql = if self.is_savepoint {
            "RELEASE SAVEPOINT"
        } else {
            "COMMIT"
        };
        let TracedConnection { held, settings } = self.connection;
        // It never holds anything else.
        let Held::Transaction(transaction) = held else {
            return Ok(());
        };
        let recording = Telemetry::of(&settings).start(sql);
        recorded(Box::pin(transaction.commit()), recording).await
    }

    /// Takes back what the transaction did, or what was done since the savepoint.
    ///
    /// # Errors
    ///
    /// Those of sqlx.
    pub async fn rollback(self) -> Result<()> {
        let sql = if self.is_savepoint {
            "ROLLBACK TO SAVEPOINT"
        } else {
            "ROLLBACK"
        };
        let TracedConnection { held, settings } = self.connection;
        let Held::Transaction(transaction) = held else {
            return Ok(());
        };
        let recording = Telemetry::of(&settings).start(sql);
        recorded(Box::pin(transaction.rollback()), recording).await
    }

    pub(crate) async fn begin_on(
        connection: &'c mut TracedConnection<'_, DB>,
        statement: Option<SqlStr>,
    ) -> Result<Self> {
        let settings = Arc::clone(&connection.settings);
        let connection: &'c mut DB::Connection = &mut *connection;
        let is_savepoint = connection.is_in_transaction();
        let sql = match &statement {
            Some(statement) => statement.as_str(),
            None if is_savepoint => "SAVEPOINT",
            None => BEGIN,
        };
        let recording = Telemetry::of(&settings).start(sql);
        let begun = Transaction::begin(connection, statement);
        let transaction = recorded(begun, recording).await?;
        Ok(Self::new(transaction, settings, is_savepoint))
    }

    fn new(transaction: Transaction<'c, DB>, settings: Arc<Settings>, is_savepoint: bool) -> Self {
        Self {
            is_savepoint,
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
        let sql = statement.as_ref().map_or(BEGIN, SqlStr::as_str);
        let recording = Telemetry::of(settings).start(sql);
        let begun = async {
            let connection = pool.wait().await?;
            Transaction::begin(connection, statement).await
        };
        let transaction = recorded(Box::pin(begun), recording).await?;
        Ok(Self::new(transaction, Arc::clone(settings), false))
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
