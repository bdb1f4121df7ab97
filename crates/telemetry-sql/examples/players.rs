//! Statements within a request, on a SQLite database in memory: one that finds players, a
//! transaction, and one that fails.
//!
//! With `OTEL_ENABLED=true`, `OTEL_TRACES_EXPORTER=console` and `OTEL_TRACES_SAMPLER=always_on`
//! its spans go to the standard error.

use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use sqlx::sqlite::SqlitePoolOptions;
use sqlx::{Sqlite, SqlitePool};
use telemetry_core::{FutureExt as _, Scope};
use telemetry_sql::TracedPool;

async fn show_league(pool: &TracedPool<Sqlite>) -> sqlx::Result<()> {
    let players: Vec<(i64, String)> =
        sqlx::query_as("SELECT id, name FROM players WHERE id IN (?, ?)")
            .bind(1)
            .bind(2)
            .fetch_all(pool)
            .await?;
    tracing::info!(players = players.len(), "league_shown");
    let mut transaction = pool.begin().await?;
    sqlx::query("UPDATE players SET name = ? WHERE id = ?")
        .bind("Ana")
        .bind(1)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    sqlx::query("INSERT INTO players (name) VALUES ('Ana')")
        .execute(pool)
        .await?;
    Ok(())
}

async fn league() -> sqlx::Result<SqlitePool> {
    let pool = SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await?;
    let schema = "CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
                  INSERT INTO players (name) VALUES ('ana'), ('ben'), ('cleo')";
    sqlx::raw_sql(schema).execute(&pool).await?;
    Ok(pool)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = telemetry_otel::init()?;
    let pool = TracedPool::builder(league().await?)
        .with_name("league")
        .build();
    // Where HTTP comes in, this scope is that of the request.
    let span = opentelemetry::global::tracer("players").start("GET /api/leagues/{id}/");
    let trace = Context::new().with_span(span);
    let request = Scope::builder()
        .field("request.id", "abc-123")
        .trace(&trace)
        .build();
    async {
        if let Err(error) = show_league(&pool).await {
            tracing::error!(%error, "league_not_shown");
        }
    }
    .in_scope(request)
    .await;
    trace.span().end();
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
