//! The request id of jobs that no request has pushed.

use std::collections::BTreeSet;

use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::RetryPolicy;
use apalis::prelude::*;
use apalis_core::backend::memory::MemoryStorage;
use apalis_core::task::Task;
use apalis_core::task::attempt::Attempt;
use apalis_core::task::builder::TaskBuilder;
use apalis_cron::{CronScheduler, Tick};
use apalis_sqlite::SqliteStorage;
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_core::{FutureExt as _, Scope, is_valid_request_id};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
use tower::service_fn;

use crate::cron::Due;
use crate::play::{Act, Play, act, play};
use crate::{Recompute, database, recompute};

/// The request ids of lines with `task.attempt`, which must be those of `attempts` attempts.
fn ids(logs: &LogCapture, attempts: i64) -> BTreeSet<String> {
    let lines = logs.events().into_iter();
    let lines: Vec<_> = lines
        .filter(|line| line.get("task.attempt").is_some())
        .collect();
    assert!(lines.iter().any(|line| line["task.attempt"] == attempts));
    let ids = lines.iter().map(|line| {
        let id = line["request.id"].to_string();
        assert!(is_valid_request_id(&id), "{}", line.line);
        id
    });
    ids.collect()
}

/// Runs the one job, which fails twice.
async fn work(jobs: SqliteStorage<Play>) {
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    worker.run().await.unwrap();
}

#[tokio::test]
async fn a_job_that_is_pushed_outside_a_scope_has_one_request_id_at_all_attempts() {
    let unnamed = Scope::builder().field("batch", 5).build();
    let invalid = Scope::builder().field("request.id", "not valid").build();
    for scope in [None, Some(unnamed), Some(invalid)] {
        let logs = capture_logs();
        let (pool, _directory) = database().await;
        let mut jobs = SqliteStorage::new(&pool);
        let task = TaskBuilder::new(play(Act::FailBefore(3), 3)).max_attempts(5);
        let pushed = jobs.push_task_with_context(task);
        match &scope {
            Some(scope) => pushed.in_scope(scope.clone()).await.unwrap(),
            None => pushed.await.unwrap(),
        }
        work(jobs).await;

        let enqueued = logs.single("task_enqueued");
        let id: uuid::Uuid = enqueued["request.id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(ids(&logs, 3), BTreeSet::from([id.to_string()]));
        assert_eq!(logs.named("task_retrying").len(), 2);
        // The scope of who pushes is as it was.
        if let Some(scope) = scope {
            assert!(scope.get("request.id").is_none_or(|id| id == "not valid"));
            if let Some(batch) = scope.get("batch") {
                assert_eq!(batch, 5);
                assert_eq!(enqueued["batch"], 5);
            }
        }
    }
}

#[tokio::test]
async fn a_job_of_another_program_has_its_own_id_at_all_attempts() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    let task = TaskBuilder::new(play(Act::FailBefore(3), 3)).max_attempts(5);
    jobs.push_task(task.build()).await.unwrap();
    work(jobs).await;
    let task_id = logs.single("task_completed")["task.id"].to_string();
    assert_eq!(ids(&logs, 3), BTreeSet::from([task_id]));
}

#[tokio::test]
async fn a_job_that_the_worker_tries_again_keeps_its_request_id() {
    let logs = capture_logs();
    let mut jobs = MemoryStorage::new();
    jobs.push(play(Act::Fail, 3)).await.unwrap();
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(2))
        .layer(JobTelemetryLayer::new().with_retries(2))
        .build(act);
    worker.run().await.unwrap();
    let task_id = logs.single("task_failed")["task.id"].to_string();
    assert_eq!(ids(&logs, 3), BTreeSet::from([task_id]));
}

#[tokio::test]
async fn an_id_that_may_be_no_request_id_gives_one_all_the_same() {
    let logs = capture_logs();
    let handler = service_fn(|_: Task<Recompute>| async { Ok::<_, BoxDynError>(()) });
    let mut service = JobTelemetryLayer::new().layer(handler);
    let long = "7".repeat(129);
    for id in ["weekly report", "weekly report", "weekly reports", &long] {
        let task = TaskBuilder::new(recompute(5)).task_id(TaskId::from_string(id));
        service.call(task.build()).await.unwrap();
    }
    let lines = logs.named("task_completed");
    let ids: Vec<_> = lines.iter().map(|line| &line["request.id"]).collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
    for id in &ids {
        let id: uuid::Uuid = id.as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 5);
    }
    assert_eq!(lines[0]["task.id"], "weekly report");
}

#[tokio::test]
async fn a_tick_of_a_schedule_has_one_request_id_at_all_attempts() {
    async fn sweep(_: Tick, attempt: Attempt, worker: WorkerContext) -> Result<(), BoxDynError> {
        if attempt.current() >= 3 {
            worker.stop()?;
            return Ok(());
        }
        Err("not yet".into())
    }
    // By the worker, as the schedule itself tries nothing again.
    let logs = capture_logs();
    let worker = WorkerBuilder::new("sweeper")
        .backend(CronScheduler::new(Due(1)))
        .retry(RetryPolicy::retries(2))
        .layer(JobTelemetryLayer::new().with_retries(2))
        .build(sweep);
    worker.run().await.unwrap();
    let task_id = logs.single("task_completed")["task.id"].to_string();
    assert_eq!(ids(&logs, 3), BTreeSet::from([task_id]));

    // By the storage that the ticks go to.
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let worker = WorkerBuilder::new("sweeper")
        .backend(CronScheduler::new(Due(1)).pipe_to(SqliteStorage::new(&pool)))
        .layer(JobTelemetryLayer::new())
        .build(sweep);
    worker.run().await.unwrap();
    let task_id = logs.single("task_completed")["task.id"].to_string();
    assert_eq!(ids(&logs, 3), BTreeSet::from([task_id]));
}
