//! The wrapper where nothing exports: sqlx, and lines of what is slow. A binary of its own, without providers.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod signatures;
mod slow;
mod untouched;

use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;
use telemetry_sql::TracedPool;

/// A pool of one connection to a database in memory, with some players.
async fn players() -> TracedPool<Sqlite> {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let schema = "CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                  INSERT INTO players VALUES (1, 'ana'), (2, 'ben'), (3, 'cleo')";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    TracedPool::from(pool)
}
