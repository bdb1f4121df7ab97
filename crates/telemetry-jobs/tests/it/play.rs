//! A job that ends as the test says, and what there is to see of it.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use apalis::prelude::*;
use apalis_core::error::{AbortError, RetryAfterError};
use apalis_core::task::attempt::Attempt;
use apalis_core::task::builder::TaskBuilder;
use apalis_sqlite::SqliteStorage;
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use telemetry_core::testing::{CapturedEvent, LogCapture};
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::PushWithContext as _;

/// What a job does at each of its attempts, and which is the last that the test waits for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Play {
    act: Act,
    last_attempt: usize,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Act {
    Succeed,
    Fail,
    FailBefore(usize),
    Abort,
    AskForAnother,
    Panic,
    PanicAsDropped,
    CatchPanic,
    Hang,
}

/// A job.
pub(crate) fn play(act: Act, last_attempt: usize) -> Play {
    Play { act, last_attempt }
}

/// An error with a cause.
#[derive(Debug)]
pub(crate) struct Outer(std::io::Error);

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

struct PanicsAsDropped;

impl Drop for PanicsAsDropped {
    fn drop(&mut self) {
        panic!("as it was dropped");
    }
}

/// Does what the job says.
pub(crate) async fn act(
    play: Play,
    attempt: Attempt,
    worker: WorkerContext,
) -> Result<(), BoxDynError> {
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
        Act::PanicAsDropped => {
            let _panics = PanicsAsDropped;
            Ok(())
        }
        Act::CatchPanic => {
            let caught = std::panic::catch_unwind(|| panic!("caught by others"));
            assert!(caught.is_err());
            Ok(())
        }
        Act::Hang => pending().await,
    }
}

/// Pushes a job with a context of its own.
pub(crate) async fn push(jobs: &mut SqliteStorage<Play>, play: Play, max_attempts: usize) {
    let scope = Scope::builder().field("request.id", "abc-123").build();
    let task = TaskBuilder::new(play).max_attempts(max_attempts);
    let pushed = jobs.push_task_with_context(task).in_scope(scope);
    pushed.await.unwrap();
}

/// The events of jobs, in order, each of which must have the job's context.
pub(crate) fn events(logs: &LogCapture) -> Vec<(String, i64)> {
    let ours = logs.events().into_iter();
    let ours = ours.filter(|event| event.logger == "telemetry_jobs");
    let ours = ours.filter(|event| event.event != "task_enqueued");
    ours.map(|event| {
        assert_eq!(event["request.id"], "abc-123", "{}", event.line);
        (event.event.clone(), event["task.attempt"].as_i64().unwrap())
    })
    .collect()
}

/// Events with their attempts, to compare with.
pub(crate) fn expected<const N: usize>(events: [(&str, i64); N]) -> Vec<(String, i64)> {
    events
        .map(|(event, attempt)| (event.to_owned(), attempt))
        .to_vec()
}

/// The end of a worker, once a job has failed.
pub(crate) fn failure(
    logs: &Arc<LogCapture>,
) -> impl Future<Output = Result<(), WorkerError>> + Send + 'static {
    let logs = Arc::clone(logs);
    async move {
        logs.wait_for("task_failed").await;
        Ok(())
    }
}

/// What the storage has of the one job: its status, and how many attempts there were.
pub(crate) async fn stored(pool: &SqlitePool) -> (String, i64) {
    sqlx::query_as("SELECT status, attempts FROM Jobs")
        .fetch_one(pool)
        .await
        .unwrap()
}

/// Asserts that a line says how long the attempt took.
pub(crate) fn assert_has_duration(event: &CapturedEvent) {
    assert!(event["duration_ms"].as_f64().unwrap() >= 0.0);
}
