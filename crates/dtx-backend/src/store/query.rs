//! Queries of whichever database it is.

use std::io;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::query::Query as SqlxQuery;
use sqlx::sqlite::SqliteRow;
use sqlx::{
    Database, Encode, Error, Executor, FromRow, IntoArguments, Pool, Postgres, Result, SqlSafeStr,
    Sqlite, Type,
};
use telemetry_sql::{TracedDatabase, TracedPool, TracedTransaction};
use tokio::time::timeout;

/// How long a query may take. A server that is gone without a word does not end one by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// A query with its parameters, and where it is to be sent: made by [`Store::query`], or by
/// [`Transaction::query`] for within a transaction.
///
/// [`Store::query`]: crate::store::Store::query
/// [`Transaction::query`]: crate::store::Transaction::query
#[must_use = "a query does nothing until it is sent"]
pub(super) enum Query<'c> {
    Sqlite(Statement<'c, Sqlite>),
    Postgres(Statement<'c, Postgres>),
}

/// What both databases have as a parameter. `Option` of one is too.
pub(super) trait Parameter<'t>:
    Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>
{
}

/// What can be read from a row of either database. A column alone is read as `(T,)`.
pub(crate) trait FromEitherRow:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

/// A query of one database.
pub(super) struct Statement<'c, DB: Database> {
    target: Target<'c, DB>,
    query: SqlxQuery<'static, DB, DB::Arguments>,
}

/// Where queries are sent.
pub(super) enum Target<'c, DB: Database> {
    Pool(&'c TracedPool<DB>),
    /// The same, without a span.
    Unrecorded(&'c Pool<DB>),
    Transaction(&'c mut TracedTransaction<'static, DB>),
}

impl Query<'_> {
    /// Gives the value of the next parameter: `$1` first, then `$2`.
    pub(super) fn bind<'t>(self, value: impl Parameter<'t>) -> Self {
        match self {
            Self::Sqlite(Statement { target, query }) => Self::Sqlite(Statement {
                target,
                query: query.bind(value),
            }),
            Self::Postgres(Statement { target, query }) => Self::Postgres(Statement {
                target,
                query: query.bind(value),
            }),
        }
    }

    /// Sends it; how many rows it has inserted, changed or deleted.
    pub(super) async fn execute(self) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(statement) => in_time(statement.execute()).await?.rows_affected(),
            Self::Postgres(statement) => in_time(statement.execute()).await?.rows_affected(),
        })
    }

    /// Sends it and reads all rows.
    pub(super) async fn fetch_all<R: FromEitherRow>(self) -> Result<Vec<R>> {
        match self {
            Self::Sqlite(statement) => in_time(statement.fetch_all()).await,
            Self::Postgres(statement) => in_time(statement.fetch_all()).await,
        }
    }

    /// Sends it and reads the first row, if there is one.
    pub(super) async fn fetch_optional<R: FromEitherRow>(self) -> Result<Option<R>> {
        match self {
            Self::Sqlite(statement) => in_time(statement.fetch_optional()).await,
            Self::Postgres(statement) => in_time(statement.fetch_optional()).await,
        }
    }

    /// Sends it and reads the row that is always there.
    pub(super) async fn fetch_one<R: FromEitherRow>(self) -> Result<R> {
        self.fetch_optional().await?.ok_or(Error::RowNotFound)
    }
}

impl<'t, T> Parameter<'t> for T where
    T: Encode<'t, Sqlite> + Type<Sqlite> + Encode<'t, Postgres> + Type<Postgres>
{
}

impl<R> FromEitherRow for R where
    R: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<'c, DB> Statement<'c, DB>
where
    DB: TracedDatabase,
    DB::Arguments: IntoArguments<DB>,
    for<'e> &'e mut DB::Connection: Executor<'e, Database = DB>,
{
    pub(super) fn new(target: Target<'c, DB>, sql: impl SqlSafeStr) -> Self {
        Self {
            target,
            query: sqlx::query(sql),
        }
    }

    async fn execute(self) -> Result<DB::QueryResult> {
        match self.target {
            Target::Pool(pool) => self.query.execute(pool).await,
            Target::Unrecorded(pool) => self.query.execute(pool).await,
            Target::Transaction(transaction) => self.query.execute(&mut **transaction).await,
        }
    }

    async fn fetch_all<R: for<'r> FromRow<'r, DB::Row> + Send + Unpin>(self) -> Result<Vec<R>> {
        let query = self.query.try_map(|row| R::from_row(&row));
        match self.target {
            Target::Pool(pool) => query.fetch_all(pool).await,
            Target::Unrecorded(pool) => query.fetch_all(pool).await,
            Target::Transaction(transaction) => query.fetch_all(&mut **transaction).await,
        }
    }

    async fn fetch_optional<R: for<'r> FromRow<'r, DB::Row> + Send + Unpin>(
        self,
    ) -> Result<Option<R>> {
        let query = self.query.try_map(|row| R::from_row(&row));
        match self.target {
            Target::Pool(pool) => query.fetch_optional(pool).await,
            Target::Unrecorded(pool) => query.fetch_optional(pool).await,
            Target::Transaction(transaction) => query.fetch_optional(&mut **transaction).await,
        }
    }
}

/// Waits no longer than is worth it.
async fn in_time<T>(query: impl Future<Output = Result<T>>) -> Result<T> {
    let late = |_| Err(Error::Io(io::ErrorKind::TimedOut.into()));
    timeout(PATIENCE, query).await.unwrap_or_else(late)
}
