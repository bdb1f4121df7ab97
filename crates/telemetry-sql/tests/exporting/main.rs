//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod calls;

use opentelemetry::Value;
use sqlx::Sqlite;
use sqlx::sqlite::SqlitePoolOptions;
use telemetry_sql::TracedPool;

/// A pool of one connection to a database in memory, with some players.
async fn players() -> TracedPool<Sqlite> {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    let schema = "CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                  INSERT INTO players (name) VALUES ('ana'), ('ben'), ('cleo')";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    TracedPool::from(pool)
}

/// Attributes by name, each of which is there once.
fn sorted(attributes: &[(String, Value)]) -> Vec<(&str, Value)> {
    let attributes = attributes.iter();
    let mut attributes: Vec<_> = attributes
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    attributes.sort_by_key(|(key, _)| *key);
    let count = attributes.len();
    attributes.dedup_by_key(|(key, _)| *key);
    assert_eq!(attributes.len(), count, "a key is there twice");
    attributes
}
