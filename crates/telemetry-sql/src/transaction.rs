//! Transactions.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Database, Result, SqlStr, Transaction};

use crate::connection::{Held, TracedConnection};
use crate::executor::recorded;
use crate::settings::Settings;

/// A transaction whose statements are recorded.
#[derive(Debug)]
pub struct TracedTransaction<'c, DB: Database> {
    connection: TracedConnection<'c, DB>,
    is_savepoint: bool,
}

impl<'c, DB: Database> TracedTransaction<'c, DB> {
    /// Commits the transaction, or releases the savepoint.
    pub async fn commit(self) -> Result<()> {
        let TracedConnection { held, settings } = self.connection;
        let Held::Transaction(transaction) = held else {
            return Ok(());
        };
        let sql = if self.is_savepoint {
            "RELEASE SAVEPOINT"
        } else {
            "COMMIT"
        };
        let recording = TracedConnection::<DB>::telemetry(&settings).start(sql);
        recorded(Box::pin(transaction.commit()), recording).await
    }

    /// Aborts the transaction, or what was done since the savepoint.
    pub async fn rollback(self) -> Result<()> {
        let TracedConnection { held, settings } = self.connection;
        let Held::Transaction(transaction) = held else {
            return Ok(());
        };
        let sql = if self.is_savepoint {
            "ROLLBACK TO SAVEPOINT"
        } else {
            "ROLLBACK"
        };
        let recording = TracedConnection::<DB>::telemetry(&settings).start(sql);
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
            None => "BEGIN",
        };
        let recording = TracedConnection::<DB>::telemetry(&settings).start(sql);
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
    pub(crate) async fn begin_pooled(
        connection: PoolConnection<DB>,
        statement: Option<SqlStr>,
        settings: Arc<Settings>,
    ) -> Result<Self> {
        let sql = statement.as_ref().map_or("BEGIN", SqlStr::as_str);
        let recording = TracedConnection::<DB>::telemetry(&settings).start(sql);
        let begun = Transaction::begin(connection, statement);
        let transaction = recorded(begun, recording).await?;
        Ok(Self::new(transaction, settings, false))
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
