//! A job in another process: `standings enqueue` pushes one, `standings work` runs it. Both take
//! the SQLite database `standings.db` of the current directory.

use std::time::Duration;

use apalis::prelude::*;
use apalis_core::task::attempt::Attempt;
use apalis_core::task::builder::TaskBuilder;
use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct RecomputeStandings {
    tournament: i64,
}

async fn recompute(
    job: RecomputeStandings,
    attempt: Attempt,
    worker: WorkerContext,
) -> Result<(), BoxDynError> {
    telemetry_core::bind("tournament.id", job.tournament);
    if attempt.current() == 1 {
        return Err("the database is locked".into());
    }
    tracing::info!(teams = 12, "standings_recomputed");
    worker.stop()?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), BoxDynError> {
    let telemetry = telemetry_core::init()?;
    let pool = SqlitePool::connect("sqlite:standings.db?mode=rwc").await?;
    SqliteStorage::setup(&pool).await?;
    let mut jobs = SqliteStorage::new(&pool);
    if std::env::args().nth(1).as_deref() == Some("work") {
        let worker = WorkerBuilder::new("standings")
            .backend(jobs)
            .layer(JobTelemetryLayer::new())
            .build(recompute);
        worker.run().await?;
    } else {
        // Where HTTP comes in, this scope is that of the request.
        let request = Scope::builder()
            .field("request.id", "abc-123")
            .field("user.id", 42)
            .field("labels", ["tournament"])
            .build();
        let task = TaskBuilder::new(RecomputeStandings { tournament: 5 }).max_attempts(3);
        let pushed = jobs.push_task_with_context(task);
        pushed.in_scope(request).await?;
    }
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
