//! Whether another attempt follows one that failed.

use apalis_core::error::{BoxDynError, DeferredError, RetryAfterError};
use apalis_core::task::ExecutionContext;
use apalis_core::task::status::Status;
use apalis_core::worker::context::WorkerContext;

/// An attempt at a job that failed, for
/// [`with_retry_rule`](crate::JobTelemetryLayer::with_retry_rule).
///
/// Whether another follows is judged by what apalis 1.0 does:
///
/// - Its `RetryPolicy` tries again while there were no more attempts than its
///   [retries](crate::JobTelemetryLayer::with_retries), unless the job was aborted or the worker
///   is shutting down. A panic goes past it.
/// - A storage gets the job's status when the worker is done with it. It tries again what has
///   `Failed`, and what asked for it by a `RetryAfterError` or `DeferredError`, until there were
///   `max_attempts`. What is `Killed` was aborted. What is still `Running` panicked, or failed in
///   a layer between: that stays so, until its worker is missed.
/// - A backend that keeps nothing has no `max_attempts`, and tries nothing again.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedAttempt<'a> {
    /// The job, with its metadata, `max_attempts` and status.
    pub task: &'a ExecutionContext,
    /// Which attempt it was: 1 at first.
    pub attempt: usize,
    /// What the handler or a layer gave. `None` when it panicked.
    pub error: Option<&'a BoxDynError>,
    /// Whether another attempt follows, as far as the layer knows.
    pub is_retried: bool,
}

impl<'a> FailedAttempt<'a> {
    /// Judges whether another attempt follows.
    pub(crate) fn judge(
        task: &'a ExecutionContext,
        attempt: usize,
        error: Option<&'a BoxDynError>,
        retries: usize,
    ) -> Self {
        let status = task.status();
        let by_worker = error.is_some()
            && attempt <= retries
            && status != Status::Killed
            && !is_shutting_down(task);
        let by_storage = task.max_attempts().is_some_and(|most| attempt < most)
            && match status {
                Status::Failed => true,
                Status::Pending => error.is_some_and(asks_for_another),
                _ => false,
            };
        Self {
            task,
            attempt,
            error,
            is_retried: by_worker || by_storage,
        }
    }
}

fn is_shutting_down(task: &ExecutionContext) -> bool {
    let worker = task.data().get::<WorkerContext>();
    worker.is_some_and(WorkerContext::is_shutting_down)
}

fn asks_for_another(error: &BoxDynError) -> bool {
    error.is::<RetryAfterError>() || error.is::<DeferredError>()
}
