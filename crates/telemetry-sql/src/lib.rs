//! A wrapper over [sqlx](https://docs.rs/sqlx)'s pools, connections and transactions that makes
//! each statement a span and a measurement, and counts the connections of pools.
//!
//! ```
//! use sqlx::{Sqlite, SqlitePool};
//! use telemetry_sql::TracedPool;
//!
//! # async fn connect() -> sqlx::Result<()> {
//! let pool = TracedPool::from(SqlitePool::connect("sqlite:league.db").await?);
//! # Ok(())
//! # }
//! async fn rename(pool: &TracedPool<Sqlite>, id: i64, name: &str) -> sqlx::Result<()> {
//!     let mut transaction = pool.begin().await?;
//!     sqlx::query("UPDATE players SET name = ? WHERE id = ?")
//!         .bind(name)
//!         .bind(id)
//!         .execute(&mut *transaction) // as with sqlx
//!         .await?;
//!     transaction.commit().await
//! }
//! ```
//!
//! ```text
//! otel: span "UPDATE players" 991f677488093b4ea930265f0ff4d6b5 0b4b5b92b66da696 parent=4fa175eff9e989a7 0.08 ms db.system.name=sqlite db.operation.name=UPDATE db.collection.name=players db.query.summary=UPDATE players db.query.text=UPDATE players SET name = ? WHERE id = ? sql.affected_rows=1
//! ```
//!
//! It works with any database of sqlx. The features `sqlite` and `postgres` add what only their
//! drivers tell: which database it is, where, and how many rows were affected. They bring no
//! driver to an application that has none, and decide nothing of how SQLite is linked.
//!
//! # Where to look
//!
//! | to … | see |
//! |---|---|
//! | record a pool, and name it | [`TracedPool`], [`TracedPoolBuilder`] |
//! | take a connection or a transaction as a parameter | [`TracedConnection`], [`TracedTransaction`] |
//! | record a connection of no pool | [`TracedConnection::new`] |
//! | be generic over the database | [`TracedDatabase`] |
//!
//! # What it records
//!
//! Lines, whether anything exports or not:
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `slow_statement` | warning | `db.system.name`, `db.namespace`, `db.query.summary`, `db.query.text`, `duration_ms` | a statement took longer than `TELEMETRY_SLOW_STATEMENT`, or [that of its pool](TracedPoolBuilder::with_slow_statement) |
//!
//! The wait for a connection is not in its `duration_ms`. It takes the place of sqlx's own warning,
//! which has the text with its literals.
//!
//! Spans and metrics, where something exports them, by OpenTelemetry's semantic conventions for
//! databases. Where nothing exports and no statement is slow, queries go straight to sqlx.
//!
//! | span | kind | when |
//! |---|---|---|
//! | `{db.query.summary}`, such as `SELECT players` | client | a call, from then until its future or its stream has ended or is dropped: a child of the current span |
//! | `BEGIN`, `SAVEPOINT`, `COMMIT`, `RELEASE`, `ROLLBACK` | client | the same of transactions and savepoints |
//! | `PREPARE {summary}`, `DESCRIBE {summary}` | client | the same of these calls |
//!
//! | attribute | type | |
//! |---|---|---|
//! | `db.system.name` | string | `sqlite`, `postgresql`, `mysql` or `other_sql`; spans, metrics |
//! | `db.namespace` | string | the database; the name of the file for SQLite; spans, metrics |
//! | `server.address`, `server.port` | string, integer | of PostgreSQL; spans, metrics |
//! | `db.query.summary` | string | operations and tables, at most 255 bytes; spans, metrics |
//! | `db.operation.name` | string | of text that is one statement; spans, metrics |
//! | `db.collection.name` | string | of a statement that has one table; spans, metrics |
//! | `db.query.text` | string | at most 2,048 bytes, [unless left out](TracedPoolBuilder::without_text); spans |
//! | `db.response.returned_rows` | integer | of queries, and of changes that return rows; spans |
//! | `sql.affected_rows` | integer | of changes, with the feature of the driver; spans |
//! | `db.response.status_code` | string | of failures: SQLSTATE, or SQLite's extended result code; spans, metrics |
//! | `error.type` | string | of failures: that code, or the class below; spans, metrics |
//!
//! | metric | unit | |
//! |---|---|---|
//! | `db.client.operation.duration` | `s` | histogram of calls |
//! | `db.client.connection.count` | `{connection}` | connections of a pool, by `db.client.connection.state`: `used` or `idle` |
//! | `db.client.connection.max` | `{connection}` | how many there may be |
//! | `db.client.connection.idle.min` | `{connection}` | how many are kept |
//! | `db.client.connection.pending_requests` | `{request}` | who waits for one |
//! | `db.client.connection.wait_time` | `s` | histogram of how long one waited that got one |
//! | `db.client.connection.timeouts` | `{timeout}` | counter of those who waited for too long |
//!
//! Of `db.namespace`, `db.query.summary`, `db.operation.name`, `db.collection.name` and
//! `db.response.status_code` the metric has the first 200 values, and `_OTHER` in place of any other: an
//! application may make up tables as it runs. The counter of a pool begins with 0.
//!
//! Those of connections have `db.client.connection.pool.name`. A field of the context is never on
//! a metric.
//!
//! # What it does not record
//!
//! - **Values.** Literals in the text are `?`, comments are left out, and parameters are never
//!   looked at. With SQLite, what is in double quotes is a literal wherever it may be a string. Messages of databases quote values: in their place, the status of a span says
//!   which kind of constraint was violated, and with PostgreSQL the name of it.
//! - **Lists.** `IN (?, ?, ?)` becomes `IN (?)`, and rows of `VALUES` after the first `...`, so
//!   that a statement looks the same however many values it has.
//!
//! # How calls end
//!
//! | | `error.type` |
//! |---|---|
//! | done; or dropped by a caller that wanted no more | |
//! | an error of the database | its code |
//! | another error of sqlx | `pool_timed_out`, `pool_closed`, `io`, `tls`, `protocol`, `encode`, `decode`, `column_not_found`, `type_not_found`, `configuration`, `worker_crashed` or `_OTHER` |
//! | a panic unwound through it | `panic` |
//!
//! A call on a pool has in its time the wait for a connection. [`sqlx::Error::RowNotFound`] is no
//! failure: the database has answered.

mod connection;
mod drivers;
mod executor;
mod failure;
mod instrumentation;
mod instruments;
mod lines;
mod names;
mod pool;
mod pool_metrics;
mod query;
mod recording;
mod settings;
mod sql;
mod statements;
mod timing;
mod transaction;

pub use connection::{TracedConnection, TracedPoolConnection};
pub use executor::TracedDatabase;
pub use pool::{TracedPool, TracedPoolBuilder};
pub use transaction::TracedTransaction;
