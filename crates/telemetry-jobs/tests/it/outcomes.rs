//! How attempts end, and what follows: the events, and what the storage makes of the job.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::RetryPolicy;
use apalis::prelude::*;
use apalis_core::backend::memory::MemoryStorage;
use apalis_core::error::{AbortError, RetryAfterError};
use apalis_core::task::attempt::Attempt;
use apalis_core::task::builder::TaskBuilder;
use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use telemetry_core::testing::{CapturedEvent, LogCapture, capture_logs};
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
use tracing::Level;

use crate::database;

/// What a job does at each of its attempts, and which is the last that the test waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Play {
    act: Act,
    last_attempt: usize,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
enum Act {
    Succeed,
    Fail,
    FailBefore(usize),
    Abort,
    AskForAnother,
    Panic,
    Hang,
}

fn play(act: Act, last_attempt: usize) -> Play {
    Play { act, last_attempt }
}

#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no standings")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

async fn act(play: Play, attempt: Attempt, worker: WorkerContext) -> Result<(), BoxDynError> {
    let failure = || Outer(std::io::Error::other("the disk is full"));
    if attempt.current() >= play.last_attempt {
        worker.stop()?;
    }
    match play.act {
        Act::Succeed => Ok(()),
        Act::FailBefore(attempts) if attempt.current() >= attempts => Ok(()),
        Act::Fail | Act::FailBefore(_) => Err(failure().into()),
        Act::Abort => Err(AbortError::new(failure()).into()),
        Act::AskForAnother => Err(RetryAfterError::new(failure(), Duration::ZERO).into()),
        Act::Panic => panic!("tournament {} is lost", 5),
        Act::Hang => pending().await,
    }
}

/// Pushes a job with a context of its own.
async fn push(jobs: &mut SqliteStorage<Play>, play: Play, max_attempts: usize) {
    let scope = Scope::builder().field("request.id", "abc-123").build();
    let task = TaskBuilder::new(play).max_attempts(max_attempts);
    let pushed = jobs.push_task_with_context(task).in_scope(scope);
    pushed.await.unwrap();
}

/// The events of jobs, in order, each of which must have the job's context.
fn events(logs: &LogCapture) -> Vec<(String, i64)> {
    let ours = logs.events().into_iter();
    let ours = ours.filter(|event| event.logger == "telemetry_jobs");
    let ours = ours.filter(|event| event.event != "task_enqueued");
    ours.map(|event| {
        assert_eq!(event["request.id"], "abc-123", "{}", event.line);
        (event.event.clone(), event["task.attempt"].as_i64().unwrap())
    })
    .collect()
}

fn expected<const N: usize>(events: [(&str, i64); N]) -> Vec<(String, i64)> {
    events
        .map(|(event, attempt)| (event.to_owned(), attempt))
        .to_vec()
}

/// What the storage has of the one job: its status, and how many attempts there were.
async fn stored(pool: &SqlitePool) -> (String, i64) {
    sqlx::query_as("SELECT status, attempts FROM Jobs")
        .fetch_one(pool)
        .await
        .unwrap()
}

fn assert_has_duration(event: &CapturedEvent) {
    assert!(event["duration_ms"].as_f64().unwrap() >= 0.0);
}

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
async fn the_storage_tries_again_until_a_job_succeeds() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::FailBefore(3), 3), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    worker.run().await.unwrap();

    assert_eq!(
        events(&logs),
        expected([
            ("task_started", 1),
            ("task_retrying", 1),
            ("task_started", 2),
            ("task_retrying", 2),
            ("task_started", 3),
            ("task_completed", 3),
        ])
    );
    let retrying = &logs.named("task_retrying")[0];
    assert_eq!(retrying.level, Level::WARN);
    assert_eq!(retrying["error"], "no standings");
    assert_has_duration(retrying);
    assert_eq!(stored(&pool).await, ("Done".to_owned(), 3));
}

#[tokio::test]
async fn the_last_attempt_that_the_storage_allows_is_the_failure() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Fail, 2), 2).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(act);
    worker.run().await.unwrap();

    assert_eq!(
        events(&logs),
        expected([
            ("task_started", 1),
            ("task_retrying", 1),
            ("task_started", 2),
            ("task_failed", 2),
        ])
    );
    let failed = logs.single("task_failed");
    assert_eq!(failed.level, Level::ERROR);
    assert_eq!(failed["error"], "no standings");
    assert_eq!(
        failed["exception"],
        "no standings\ncaused by: the disk is full"
    );
    assert_has_duration(&failed);
    assert_eq!(stored(&pool).await, ("Failed".to_owned(), 2));
}

#[tokio::test]
async fn the_worker_tries_again_and_then_the_storage() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Fail, 3), 3).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(1))
        .layer(JobTelemetryLayer::new().with_retries(1))
        .build(act);
    worker.run().await.unwrap();

    assert_eq!(
        events(&logs),
        expected([
            ("task_started", 1),
            ("task_retrying", 1),
            ("task_started", 2),
            ("task_retrying", 2),
            ("task_started", 3),
            ("task_failed", 3),
        ])
    );
    assert_eq!(stored(&pool).await, ("Failed".to_owned(), 3));
}

#[tokio::test]
async fn the_worker_may_try_more_often_than_the_storage_would() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::FailBefore(3), 3), 1).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(2))
        .layer(JobTelemetryLayer::new().with_retries(2))
        .build(act);
    worker.run().await.unwrap();

    assert_eq!(
        events(&logs),
        expected([
            ("task_started", 1),
            ("task_retrying", 1),
            ("task_started", 2),
            ("task_retrying", 2),
            ("task_started", 3),
            ("task_completed", 3),
        ])
    );
    assert_eq!(stored(&pool).await, ("Done".to_owned(), 3));
}

#[tokio::test]
async fn a_backend_that_keeps_nothing_tries_nothing_again() {
    for (retries, attempts) in [(0, 1), (2, 3)] {
        let logs = capture_logs();
        let mut jobs = MemoryStorage::new();
        jobs.push_with_context(play(Act::Fail, attempts))
            .await
            .unwrap();
        let worker = WorkerBuilder::new("standings")
            .backend(jobs)
            .retry(RetryPolicy::retries(retries))
            .layer(JobTelemetryLayer::new().with_retries(retries))
            .build(act);
        worker.run().await.unwrap();
        assert_eq!(logs.named("task_started").len(), attempts);
        assert_eq!(logs.named("task_retrying").len(), retries);
        assert_eq!(logs.single("task_failed")["task.attempt"], attempts as i64);
    }
}

#[tokio::test]
async fn a_rule_says_what_a_policy_of_ones_own_does() {
    let logs = Arc::new(capture_logs());
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Fail, 9), 1).await;
    let is_other = |error: &BoxDynError| !error.is::<Outer>();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let answers = Arc::clone(&asked);
    let layer = JobTelemetryLayer::new()
        .with_retries(5)
        .with_retry_rule(move |failed| {
            answers
                .lock()
                .unwrap()
                .push((failed.attempt, failed.is_retried));
            failed.is_retried && failed.error.is_some_and(is_other)
        });
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(5).retry_if(is_other))
        .layer(layer)
        .build(act);
    let end = Arc::clone(&logs);
    let signal = async move {
        end.wait_for("task_failed").await;
        Ok::<_, WorkerError>(())
    };
    worker.run_until(signal).await.unwrap();
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    assert_eq!(*asked.lock().unwrap(), [(1, true)]);
}

#[tokio::test]
async fn a_job_that_is_aborted_has_failed() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Abort, 1), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(3))
        .layer(JobTelemetryLayer::new().with_retries(3))
        .build(act);
    worker.run().await.unwrap();

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

    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    let failed = logs.single("task_failed");
    assert_eq!(failed["error"], "panic: tournament 5 is lost");
    let exception = failed["exception"].as_str().unwrap();
    assert!(
        exception.starts_with("panicked at crates/telemetry-jobs/tests/it/outcomes.rs:"),
        "{exception}"
    );
    assert!(exception.contains("it::outcomes::act"), "{exception}");
    assert!(Scope::current().is_none());
}

#[tokio::test]
async fn a_panic_that_is_caught_further_out_is_the_failure() {
    let logs = capture_logs();
    let (pool, _directory) = database().await;
    let mut jobs = SqliteStorage::new(&pool);
    push(&mut jobs, play(Act::Panic, 1), 5).await;
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .catch_panic()
        .retry(RetryPolicy::retries(3))
        .layer(JobTelemetryLayer::new().with_retries(3))
        .build(act);
    worker.run().await.unwrap();
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
