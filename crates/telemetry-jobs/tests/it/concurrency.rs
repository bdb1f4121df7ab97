//! Many jobs at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use apalis::layers::WorkerBuilderExt as _;
use apalis::prelude::*;
use apalis_core::backend::memory::MemoryStorage;
use apalis_core::task::builder::TaskBuilder;
use apalis_core::task::task_id::TaskId;
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};

use crate::{Recompute, recompute};

const JOBS: usize = 10_000;

async fn work(
    job: Recompute,
    left: Data<Arc<AtomicUsize>>,
    worker: WorkerContext,
) -> Result<(), BoxDynError> {
    telemetry_core::bind("tournament.id", job.tournament);
    tracing::info!("standings_begun");
    for _ in 0..job.tournament % 3 {
        tokio::task::yield_now().await;
    }
    tracing::info!(tournament = job.tournament, "standings_recomputed");
    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
        worker.stop()?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_lines_of_ten_thousand_jobs_have_their_own_ids() {
    let logs = capture_logs();
    let mut jobs = MemoryStorage::new();
    for number in 0..JOBS {
        let scope = Scope::builder()
            .field("request.id", format!("request-{number}").as_str())
            .field("user.id", number as u64)
            .build();
        let task = TaskBuilder::new(recompute(number as i64));
        let task = task.task_id(TaskId::from_int(number as u64));
        let pushed = jobs.push_task_with_context(task);
        pushed.in_scope(scope).await.unwrap();
    }
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .data(Arc::new(AtomicUsize::new(JOBS)))
        .concurrency(16)
        .parallelize(telemetry_core::spawn)
        .layer(JobTelemetryLayer::new())
        .build(work);
    worker.run().await.unwrap();

    let mut ids = HashMap::new();
    for line in logs.named("task_enqueued") {
        let id = line["child_task_id"].as_str().unwrap().to_owned();
        ids.insert(id, line["request.id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), JOBS);
    // Five of the context, and what is bound and logged later.
    let expected = [
        ("task_started", 5),
        ("standings_begun", 6),
        ("standings_recomputed", 7),
        ("task_completed", 7),
    ];
    for (event, fields) in expected {
        let lines = logs.named(event);
        assert_eq!(lines.len(), JOBS, "{event}");
        for line in lines {
            let request = line["request.id"].as_str().unwrap();
            let number: i64 = request.strip_prefix("request-").unwrap().parse().unwrap();
            assert_eq!(line["user.id"], number);
            assert_eq!(line["task.attempt"], 1);
            assert_eq!(ids[line["task.id"].as_str().unwrap()], request);
            if event != "task_started" {
                assert_eq!(line["tournament.id"], number);
            }
            if event == "standings_recomputed" {
                // Beside `tournament.id`, which it must not be a prefix of.
                assert_eq!(line["field.tournament"], number);
            }
            assert_eq!(line.fields.len(), fields, "{}", line.line);
        }
    }
    assert!(Scope::current().is_none());
}
