//! Pools.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::{
    Database, Describe, Either, Error, Execute, Executor, Pool, Result, SqlSafeStr, SqlStr,
};

use crate::connection::{Held, TracedConnection, TracedPoolConnection};
use crate::drivers::{self, Target};
use crate::executor::Telemetry;
use crate::instruments::INSTRUMENTS;
use crate::pool_metrics::PoolState;
use crate::settings::Settings;
use crate::transaction::TracedTransaction;

/// A pool whose statements are recorded, and its connections counted.
///
/// A cheap handle, as sqlx's [`Pool`] is, which it gives access to by [`Deref`]. `&` of it is an
/// [`Executor`]. What is begun by the pool within, such as `try_begin`, migrations, or anything
/// that takes a `&Pool`, is not recorded.
///
/// ```
/// use sqlx::Sqlite;
/// use telemetry_sql::TracedPool;
///
/// # async fn example(pool: sqlx::SqlitePool) -> sqlx::Result<()> {
/// let pool: TracedPool<Sqlite> = pool.into();
/// let players: Vec<(i64, String)> =
///     sqlx::query_as("SELECT id, name FROM players").fetch_all(&pool).await?;
/// assert_eq!(pool.size(), 1);
/// # Ok(())
/// # }
/// ```
///
/// Its metrics end when the last of its handles is dropped. They do not keep it open.
#[derive(Debug)]
pub struct TracedPool<DB: Database> {
    state: Arc<PoolState<DB>>,
    settings: Arc<Settings>,
}

/// Says how a pool is recorded. Made by [`TracedPool::builder`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TracedPoolBuilder<DB: Database> {
    pool: Pool<DB>,
    name: Option<String>,
    target: Target,
    has_text: bool,
    slow_statement: Option<Duration>,
}

impl<DB: Database> TracedPool<DB> {
    /// Starts to say how a pool is recorded. With the feature of its driver, where the database
    /// is and which is taken from the pool's options.
    pub fn builder(pool: Pool<DB>) -> TracedPoolBuilder<DB> {
        let target = drivers::target::<DB>(&pool.connect_options());
        TracedPoolBuilder {
            pool,
            name: None,
            target,
            has_text: true,
            slow_statement: None,
        }
    }

    /// Takes a connection from the pool.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::acquire`].
    pub async fn acquire(&self) -> Result<TracedPoolConnection<DB>> {
        let connection = self.wait().await?;
        Ok(self.traced(connection))
    }

    /// Takes a connection from the pool, if one is idle and nobody waits for it.
    #[must_use]
    pub fn try_acquire(&self) -> Option<TracedPoolConnection<DB>> {
        let connection = self.state.pool().try_acquire()?;
        Some(self.traced(connection))
    }

    /// Begins a transaction on a connection of the pool.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::begin`].
    pub async fn begin(&self) -> Result<TracedTransaction<'static, DB>> {
        TracedTransaction::begin_on_pool(self, None).await
    }

    /// Begins a transaction with a statement of your own, such as `BEGIN IMMEDIATE`.
    ///
    /// # Errors
    ///
    /// Those of [`Pool::begin_with`].
    pub async fn begin_with(
        &self,
        statement: impl SqlSafeStr,
    ) -> Result<TracedTransaction<'static, DB>> {
        TracedTransaction::begin_on_pool(self, Some(statement.into_sql_str())).await
    }

    pub(crate) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    fn traced(&self, connection: PoolConnection<DB>) -> TracedPoolConnection<DB> {
        TracedPoolConnection(TracedConnection {
            held: Held::Pooled(connection),
            settings: Arc::clone(&self.settings),
        })
    }

    /// Waits for a connection, and says for how long.
    pub(crate) async fn wait(&self) -> Result<PoolConnection<DB>> {
        let Some(instruments) = INSTRUMENTS.get() else {
            return self.state.pool().acquire().await;
        };
        let waiting = self.state.waits.start(instruments);
        let result = self.state.pool().acquire().await;
        match &result {
            Ok(_) => waiting.has_connection(),
            Err(Error::PoolTimedOut) => self.state.waits.count_timeout(instruments),
            Err(_) => {}
        }
        result
    }

    fn telemetry(&self) -> Telemetry<'_> {
        Telemetry {
            settings: &self.settings,
            waits: Some(&self.state.waits),
        }
    }
}

impl<DB: Database> TracedPoolBuilder<DB> {
    /// Sets the name of the pool, `db.client.connection.pool.name` of its metrics.
    ///
    /// By default it is `server.address:server.port/db.namespace`, as far as they are known, or
    /// else the system. Give names where that is the same for two pools: they are counted as one.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets `db.namespace`: which database it is.
    ///
    /// By default that of PostgreSQL with the feature `postgres`, and the name of the file with
    /// the feature `sqlite`.
    pub fn with_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.target.namespace = Some(namespace.into());
        self
    }

    /// Sets `server.address` and `server.port`: where the database is.
    ///
    /// By default those of PostgreSQL with the feature `postgres`.
    pub fn with_server(mut self, address: impl Into<String>, port: u16) -> Self {
        self.target.address = Some(address.into());
        self.target.port = Some(port);
        self
    }

    /// Leaves `db.query.text` out. The summary is recorded all the same.
    pub fn without_text(mut self) -> Self {
        self.has_text = false;
        self
    }

    /// Sets from how long on a statement of this pool is slow, and a line, `slow_statement`: in
    /// place of `TELEMETRY_SLOW_STATEMENT`, which holds for all. With zero none is.
    pub fn with_slow_statement(mut self, duration: Duration) -> Self {
        self.slow_statement = Some(duration);
        self
    }

    /// Begins to record the pool.
    #[must_use]
    pub fn build(self) -> TracedPool<DB> {
        let name = self.name.unwrap_or_else(|| name_of::<DB>(&self.target));
        TracedPool {
            state: PoolState::start(self.pool, name),
            settings: Arc::new(Settings::new::<DB>(
                self.target,
                self.has_text,
                self.slow_statement,
            )),
        }
    }
}

impl<DB: Database> From<Pool<DB>> for TracedPool<DB> {
    fn from(pool: Pool<DB>) -> Self {
        Self::builder(pool).build()
    }
}

impl<DB: Database> Clone for TracedPool<DB> {
    fn clone(&self) -> Self {
        Self {
            state: Arc::clone(&self.state),
            settings: Arc::clone(&self.settings),
        }
    }
}

impl<DB: Database> Deref for TracedPool<DB> {
    type Target = Pool<DB>;

    fn deref(&self) -> &Pool<DB> {
        self.state.pool()
    }
}

impl<'p, DB> Executor<'p> for &'_ TracedPool<DB>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, Q>(
        self,
        query: Q,
    ) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>>>
    where
        'p: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        self.telemetry().fetch_many(self.state.pool(), query)
    }

    fn fetch_optional<'e, 'q: 'e, Q>(self, query: Q) -> BoxFuture<'e, Result<Option<DB::Row>>>
    where
        'p: 'e,
        Q: 'q + Execute<'q, DB>,
    {
        self.telemetry().fetch_optional(self.state.pool(), query)
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement>>
    where
        'p: 'e,
    {
        self.telemetry()
            .prepare_with(self.state.pool(), sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<DB>>>
    where
        'p: 'e,
    {
        self.telemetry().describe(self.state.pool(), sql)
    }
}

/// As the semantic conventions advise: `server.address:server.port/db.namespace`.
fn name_of<DB: Database>(target: &Target) -> String {
    let mut name = target.address.clone().unwrap_or_default();
    if let Some(port) = target.port {
        name.push(':');
        name.push_str(&port.to_string());
    }
    if let Some(namespace) = &target.namespace {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(namespace);
    }
    if name.is_empty() {
        name.push_str(drivers::system::<DB>().0);
    }
    name
}
