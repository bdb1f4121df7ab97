//! The lines of jobs.

use std::time::Duration;

use telemetry_core::names::{self, event};
use telemetry_core::{Failure, milliseconds};

/// The `logger` of the lines.
const LOGGER: &str = "telemetry_jobs";

/// Writes the line that begins an attempt.
pub(crate) fn write_start() {
    tracing::info!(target: LOGGER, message = event::TASK_STARTED);
}

/// Writes the line that ends an attempt, after which another one may follow.
pub(crate) fn write_end(failure: Option<&Failure>, is_retried: bool, duration: Duration) {
    let duration_ms = milliseconds(duration);
    match failure {
        None => tracing::info!(
            target: LOGGER,
            message = event::TASK_COMPLETED,
            { names::DURATION_MS } = duration_ms,
        ),
        Some(failure) if is_retried => tracing::warn!(
            target: LOGGER,
            message = event::TASK_RETRYING,
            { names::ERROR } = failure.error.as_str(),
            { names::DURATION_MS } = duration_ms,
        ),
        Some(failure) => tracing::error!(
            target: LOGGER,
            message = event::TASK_FAILED,
            { names::ERROR } = failure.error.as_str(),
            { names::EXCEPTION } = failure.exception.as_deref(),
            { names::DURATION_MS } = duration_ms,
        ),
    }
}

/// Writes the line that tells of a job that was put on a queue.
pub(crate) fn write_enqueued(id: Option<&str>, name: &str) {
    tracing::info!(
        target: LOGGER,
        message = event::TASK_ENQUEUED,
        { names::CHILD_TASK_ID } = id,
        { names::CHILD_TASK_NAME } = name,
    );
}
