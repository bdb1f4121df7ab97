//! Connections.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::{
    Database, Describe, Either, Execute, Executor, Result, SqlSafeStr, SqlStr, Transaction,
};

use crate::drivers::Target;
use crate::executor::{Telemetry, TracedDatabase};
use crate::settings::Settings;
use crate::transaction::TracedTransaction;

/// A connection whose statements are recorded.
pub struct TracedConnection<'c, DB: Database> {
    pub(crate) held: Held<'c, DB>,
    pub(crate) settings: Arc<Settings>,
}

/// Where the connection is from.
pub(crate) enum Held<'c, DB: Database> {
    Borrowed(&'c mut DB::Connection),
    Pooled(PoolConnection<DB>),
    Transaction(Transaction<'c, DB>),
}

/// A connection of a pool, to which it returns when it is dropped.
#[derive(Debug)]
pub struct TracedPoolConnection<DB: Database>(pub(crate) TracedConnection<'static, DB>);

impl<'c, DB: Database> TracedConnection<'c, DB> {
    /// Records the statements of a connection.
    pub fn new(connection: &'c mut DB::Connection) -> Self {
        Self {
            held: Held::Borrowed(connection),
            settings: Arc::new(Settings::new::<DB>(Target::default(), true)),
        }
    }

    /// Begins a transaction, or a savepoint within one.
    pub async fn begin(&mut self) -> Result<TracedTransaction<'_, DB>> {
        TracedTransaction::begin_on(self, None).await
    }

    /// Begins a transaction with a statement of your own.
    pub async fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> Result<TracedTransaction<'_, DB>> {
        TracedTransaction::begin_on(self, Some(statement.into_sql_str())).await
    }

    pub(crate) fn telemetry(settings: &Settings) -> Telemetry<'_> {
        Telemetry {
            settings,
            waits: None,
        }
    }
}

impl<DB: Database> Deref for TracedConnection<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        match &self.held {
            Held::Borrowed(connection) => connection,
            Held::Pooled(connection) => connection,
            Held::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Database> DerefMut for TracedConnection<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        match &mut self.held {
            Held::Borrowed(connection) => connection,
            Held::Pooled(connection) => connection,
            Held::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Database> fmt::Debug for TracedConnection<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedConnection").finish_non_exhaustive()
    }
}

impl<'c, DB: TracedDatabase> Executor<'c> for &'c mut TracedConnection<'_, DB> {
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, Q>(
        self,
        query: Q,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        let settings = Arc::clone(&self.settings);
        TracedConnection::<DB>::telemetry(&settings).fetch_many(DB::executor(self), query)
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<DB::Row>>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        let settings = Arc::clone(&self.settings);
        TracedConnection::<DB>::telemetry(&settings).fetch_optional(DB::executor(self), query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement>>
    where
        'c: 'e,
    {
        let settings = Arc::clone(&self.settings);
        TracedConnection::<DB>::telemetry(&settings).prepare_with(
            DB::executor(self),
            sql,
            parameters,
        )
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>>>
    where
        'c: 'e,
    {
        let settings = Arc::clone(&self.settings);
        TracedConnection::<DB>::telemetry(&settings).describe(DB::executor(self), sql)
    }
}

impl<DB: Database> Deref for TracedPoolConnection<DB> {
    type Target = TracedConnection<'static, DB>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<DB: Database> DerefMut for TracedPoolConnection<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}
