//! The context of who pushes a job, where it runs.

use apalis::prelude::*;
use apalis_sqlite::SqliteStorage;
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};

use crate::{Recompute, database, recompute};

async fn run_one(job: Recompute, worker: WorkerContext) -> Result<(), BoxDynError> {
    tracing::info!(tournament = job.tournament, "standings_recomputed");
    worker.stop()?;
    Ok(())
}

#[tokio::test]
async fn a_job_has_the_context_of_who_pushed_it() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    let request = Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament", "draft"])
        .field("tournament.id", 5)
        .build();
    let pushed = jobs.push_with_context(recompute(5));
    pushed.in_scope(request).await.unwrap();

    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(run_one);
    worker.run().await.unwrap();

    let enqueued = logs.single("task_enqueued");
    assert_eq!(enqueued["child_task_name"], "Recompute");
    for event in ["task_started", "standings_recomputed", "task_completed"] {
        let line = logs.single(event);
        assert_eq!(line["request.id"], "abc-123");
        assert_eq!(line["user.id"], 42);
        assert_eq!(line["labels"], ["tournament", "draft"]);
        assert_eq!(line["task.id"], enqueued["child_task_id"]);
        assert_eq!(line["task.name"], "Recompute");
        assert_eq!(line["task.attempt"], 1);
        // Only what is agreed upon crosses.
        assert_eq!(line.get("tournament.id"), None);
    }
    assert_eq!(logs.named("task_failed"), []);
}
