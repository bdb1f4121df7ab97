//! The behaviour of layer and sink, through the public API.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod child;
mod concurrency;
mod cron;
mod outcomes;
mod play;
mod processes;
mod propagation;
mod request_ids;
mod retries;
mod stores;

use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};

/// The job of most tests.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Recompute {
    tournament: i64,
}

fn recompute(tournament: i64) -> Recompute {
    Recompute { tournament }
}

/// A database of this test alone. It is gone with the directory.
async fn database() -> (SqlitePool, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new()
        .filename(directory.path().join("jobs.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal);
    let pool = SqlitePoolOptions::new().max_connections(4);
    let pool = pool.connect_with(options).await.unwrap();
    SqliteStorage::setup(&pool).await.unwrap();
    (pool, directory)
}
