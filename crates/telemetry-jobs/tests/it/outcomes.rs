//! How attempts end: the event, and what the storage makes of the job.

use std::sync::Arc;
use std::time::Duration;

use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::RetryPolicy;
use apalis::prelude::*;
use apalis_sqlite::SqliteStorage;
use telemetry_core::Scope;
use telemetry_core::testing::capture_logs;
use telemetry_jobs::JobTelemetryLayer;
use tracing::Level;

use crate::database;
use crate::play::{Act, act, assert_has_duration, events, expected, failure, play, push, stored};

#[tokio::test]
async fn a_job_that_succeeds_is_completed() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Succeed, 1), 3).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    worker.run().await.unwrap();

    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_completed", 1)])
    );
    let completed = logs.single("task_completed");
    assert_eq!(completed.level, Level::INFO);
    assert_has_duration(&completed);
    assert_eq!(completed.get("error"), None);
    assert_eq!(stored(&pool).await, ("Done".to_owned(), 1));
}

#[tokio::test]
async fn a_job_that_is_aborted_has_failed() {
    let logs = Arc::new(capture_logs());
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Abort, 9), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(3))
        .layer(JobTelemetryLayer::new().with_retries(3))
        .build(act);
    worker.run_until(failure(&logs)).await.unwrap();

    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    let failed = logs.single("task_failed");
    assert_eq!(failed["error"], "AbortError: no standings");
    assert_eq!(stored(&pool).await, ("Killed".to_owned(), 1));
}

#[tokio::test]
async fn a_job_that_asks_for_another_attempt_is_retried() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::AskForAnother, 1), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    worker.run().await.unwrap();
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_retrying", 1)])
    );
    assert_eq!(stored(&pool).await, ("Pending".to_owned(), 1));
}

#[tokio::test]
async fn a_panic_is_the_failure_and_goes_on() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Panic, 1), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    let ended = telemetry_core::spawn(worker.run()).await;
    assert!(ended.unwrap_err().is_panic());
    // The task that it is in says no more.
    assert_eq!(logs.named("work_panicked"), []);

    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    let failed = logs.single("task_failed");
    assert_eq!(failed["error"], "panic: tournament 5 is lost");
    let exception = failed["exception"].as_str().unwrap();
    assert!(
        exception.starts_with("panicked at crates/telemetry-jobs/tests/it/play.rs:"),
        "{exception}"
    );
    assert!(exception.contains(" at ./tests/it/play.rs:"), "{exception}");
    assert!(Scope::current().is_none());
}

#[tokio::test]
async fn a_panic_of_a_destructor_is_the_failure_and_one_that_others_catch_a_line() {
    for (act, last, error) in [
        (
            Act::PanicAsDropped,
            "task_failed",
            "panic: as it was dropped",
        ),
        (Act::CatchPanic, "task_completed", "panic: caught by others"),
    ] {
        let logs = capture_logs();
        let (pool, _directory) = database().await;
        let mut jobs = SqliteStorage::new(&pool);
        push(&mut jobs, play(act, 1), 5).await;
        let worker = WorkerBuilder::new("standings")
            .backend(jobs)
            .layer(JobTelemetryLayer::new())
            .build(crate::play::act);
        let _ended = telemetry_core::spawn(worker.run()).await;
        let reported = if last == "task_failed" {
            last
        } else {
            "work_panicked"
        };
        let line = logs.single(reported);
        assert_eq!(line["error"], error);
        assert_eq!(line["request.id"], "abc-123");
        assert!(line.get("task.id").is_some(), "{line:?}");
        let panicked = usize::from(reported == "work_panicked");
        assert_eq!(logs.named("work_panicked").len(), panicked);
        logs.single(last);
    }
}

#[tokio::test]
async fn a_panic_that_is_caught_further_out_is_the_failure() {
    let logs = Arc::new(capture_logs());
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Panic, 9), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .catch_panic()
        .retry(RetryPolicy::retries(3))
        .layer(JobTelemetryLayer::new().with_retries(3))
        .build(act);
    worker.run_until(failure(&logs)).await.unwrap();
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    assert_eq!(
        logs.single("task_failed")["error"],
        "panic: tournament 5 is lost"
    );
    assert_eq!(stored(&pool).await, ("Running".to_owned(), 1));
}

#[tokio::test]
async fn a_timeout_further_out_cancels_a_job() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Hang, 1), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .timeout(Duration::from_millis(10))
        .layer(JobTelemetryLayer::new())
        .build(act);
    worker.run().await.unwrap();
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    let failed = logs.single("task_failed");
    assert_eq!(failed["error"], "cancelled: dropped before it ended");
    assert_eq!(stored(&pool).await, ("Running".to_owned(), 1));
}

#[tokio::test]
async fn a_timeout_further_in_is_an_error_of_the_job() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Hang, 1), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .timeout(Duration::from_millis(10))
        .build(act);
    worker.run().await.unwrap();
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    assert_eq!(logs.single("task_failed")["error"], "request timed out");
    assert_eq!(stored(&pool).await, ("Running".to_owned(), 1));
}

#[tokio::test]
async fn a_worker_that_is_dropped_cancels_its_jobs_once() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Hang, 2), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    let running = telemetry_core::spawn(worker.run());
    logs.wait_for("task_started").await;
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
}
