//! Attempts that fail, and what follows.

use std::sync::{Arc, Mutex};

use apalis::layers::WorkerBuilderExt as _;
use apalis::layers::retry::RetryPolicy;
use apalis::prelude::*;
use apalis_core::backend::memory::MemoryStorage;
use apalis_sqlite::SqliteStorage;
use telemetry_core::testing::capture_logs;
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
use tracing::Level;

use crate::database;
use crate::play::{
    Act, Outer, act, assert_has_duration, events, expected, failure, play, push, stored,
};

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
    worker.run_until(failure(&logs)).await.unwrap();
    assert_eq!(
        events(&logs),
        expected([("task_started", 1), ("task_failed", 1)])
    );
    assert_eq!(*asked.lock().unwrap(), [(1, true)]);
}

#[tokio::test]
async fn a_worker_that_shuts_down_tries_nothing_again() {
    let logs = capture_logs();
    let mut jobs = MemoryStorage::new();
    jobs.push_with_context(play(Act::Fail, 1)).await.unwrap();
    let worker = WorkerBuilder::new("standings")
        .backend(jobs)
        .retry(RetryPolicy::retries(5))
        .layer(JobTelemetryLayer::new().with_retries(5))
        .build(act);
    worker.run().await.unwrap();
    assert_eq!(logs.single("task_started")["task.attempt"], 1);
    assert_eq!(logs.single("task_failed")["task.attempt"], 1);
    assert_eq!(logs.named("task_retrying"), []);
}
