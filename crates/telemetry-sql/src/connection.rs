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

/// A connection whose statements are recorded: of a [`TracedPool`](crate::TracedPool), of a
/// [`TracedTransaction`], or [of its own](Self::new).
///
/// `&mut` of it is an [`Executor`], as `&mut` of sqlx's connections is. It is what a function
/// takes that is called within transactions and without:
///
/// ```
/// use sqlx::Sqlite;
/// use telemetry_sql::TracedConnection;
///
/// async fn rename(connection: &mut TracedConnection<'_, Sqlite>, id: i64) -> sqlx::Result<()> {
///     let update = sqlx::query("UPDATE players SET name = upper(name) WHERE id = ?");
///     update.bind(id).execute(connection).await?;
///     Ok(())
/// }
/// ```
///
/// It gives access to sqlx's connection by [`Deref`]. What is sent by that is not recorded.
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

/// A connection of a [`TracedPool`](crate::TracedPool), to which it returns when it is dropped.
///
/// Used as sqlx's is: `&mut *connection` is the [`Executor`].
#[derive(Debug)]
pub struct TracedPoolConnection<DB: Database>(pub(crate) TracedConnection<'static, DB>);

impl<'c, DB: Database> TracedConnection<'c, DB> {
    /// Records the statements of a connection that is of no pool. Make it once for all of
    /// them: it keeps what it knows of each.
    ///
    /// Spans and metrics do not have the database and its server, which a connection does not
    /// tell.
    pub fn new(connection: &'c mut DB::Connection) -> Self {
        Self {
            held: Held::Borrowed(connection),
            settings: Arc::new(Settings::new::<DB>(Target::default(), true, None)),
        }
    }

    /// Begins a transaction, or a savepoint within one.
    ///
    /// # Errors
    ///
    /// Those of sqlx.
    pub async fn begin(&mut self) -> Result<TracedTransaction<'_, DB>> {
        TracedTransaction::begin_on(self, None).await
    }

    /// Begins a transaction with a statement of your own, such as `BEGIN IMMEDIATE`.
    ///
    /// # Errors
    ///
    /// Those of sqlx, also when a transaction has begun already.
    pub async fn begin_with(
        &mut self,
        statement: impl SqlSafeStr,
    ) -> Result<TracedTransaction<'_, DB>> {
        TracedTransaction::begin_on(self, Some(statement.into_sql_str())).await
    }

    /// Takes it apart: how statements are recorded, and what sends them.
    fn parts(&mut self) -> (Telemetry<'_>, &mut DB::Connection) {
        (Telemetry::of(&self.settings), self.held.get_mut())
    }
}

impl<DB: Database> Held<'_, DB> {
    fn get(&self) -> &DB::Connection {
        match self {
            Self::Borrowed(connection) => connection,
            Self::Pooled(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }

    fn get_mut(&mut self) -> &mut DB::Connection {
        match self {
            Self::Borrowed(connection) => connection,
            Self::Pooled(connection) => connection,
            Self::Transaction(transaction) => transaction,
        }
    }
}

impl<DB: Database> Deref for TracedConnection<'_, DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &DB::Connection {
        self.held.get()
    }
}

impl<DB: Database> DerefMut for TracedConnection<'_, DB> {
    fn deref_mut(&mut self) -> &mut DB::Connection {
        self.held.get_mut()
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
        let (telemetry, connection) = self.parts();
        telemetry.fetch_many(DB::executor(connection), query)
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<DB::Row>>>
    where
        'c: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        let (telemetry, connection) = self.parts();
        telemetry.fetch_optional(DB::executor(connection), query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement>>
    where
        'c: 'e,
    {
        let (telemetry, connection) = self.parts();
        telemetry.prepare_with(DB::executor(connection), sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>>>
    where
        'c: 'e,
    {
        let (telemetry, connection) = self.parts();
        telemetry.describe(DB::executor(connection), sql)
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
