//! An attempt at a job from its beginning to its one end.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use apalis_core::error::{AbortError, BoxDynError};
use apalis_core::task::ExecutionContext;
use telemetry_core::Scope;
use telemetry_core::panic::{self, Panic};

use crate::attributes::{ABORTED, CANCELLED, OTHER, PANIC};
use crate::consumer::Recording;
use crate::failure::FailedAttempt;
use crate::layer::Settings;
use crate::line;

/// What is known of an attempt. Ends it as cancelled when it is dropped before it has ended
/// otherwise.
#[derive(Debug)]
pub(crate) struct Lifecycle {
    scope: Scope,
    task: Arc<ExecutionContext>,
    attempt: usize,
    settings: Arc<Settings>,
    started: Instant,
    /// Absent when nothing exports.
    recording: Option<Recording>,
    has_ended: bool,
}

/// How a failed attempt is told.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The class of what went wrong, of few values.
    pub(crate) error_type: &'static str,
    pub(crate) error: String,
    pub(crate) exception: Option<String>,
    /// Another attempt follows.
    pub(crate) is_retried: bool,
}

impl Lifecycle {
    /// Begins an attempt, and says so.
    pub(crate) fn start(
        scope: Scope,
        task: Arc<ExecutionContext>,
        attempt: usize,
        settings: Arc<Settings>,
        recording: Option<Recording>,
    ) -> Self {
        let started = Instant::now();
        scope.in_scope(line::write_start);
        Self {
            scope,
            task,
            attempt,
            settings,
            started,
            recording,
            has_ended: false,
        }
    }

    /// Ends an attempt that succeeded, or failed with an error.
    pub(crate) fn end(mut self, error: Option<&BoxDynError>) {
        let failure = error.map(|error| Failure {
            error_type: if error.is::<AbortError>() {
                ABORTED
            } else {
                OTHER
            },
            error: error.to_string(),
            exception: causes(error.as_ref()),
            is_retried: self.is_retried(Some(error)),
        });
        self.finish(failure.as_ref());
    }

    /// Ends an attempt that panicked, and goes on with the panic.
    pub(crate) fn panicked(mut self, panic: Panic) -> ! {
        let failure = Failure {
            error_type: PANIC,
            error: format!("panic: {}", panic.message),
            exception: panic.backtrace.clone(),
            is_retried: self.is_retried(None),
        };
        self.finish(Some(&failure));
        panic.resume()
    }

    fn is_retried(&self, error: Option<&BoxDynError>) -> bool {
        let Self {
            task,
            attempt,
            settings,
            ..
        } = self;
        let failed = FailedAttempt::judge(task, *attempt, error, settings.retries);
        match &settings.retry_rule {
            // A rule that panics has said nothing.
            Some(rule) => panic::catch(|| rule(&failed)).unwrap_or(failed.is_retried),
            None => failed.is_retried,
        }
    }

    /// Ends the attempt, unless it has ended.
    fn finish(&mut self, failure: Option<&Failure>) {
        if self.has_ended {
            return;
        }
        self.has_ended = true;
        let duration = self.started.elapsed();
        self.scope.in_scope(|| line::write_end(failure, duration));
        if let Some(recording) = self.recording.take() {
            recording.end(failure, duration, &self.scope);
        }
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        if !self.has_ended {
            self.finish(Some(&Failure {
                error_type: CANCELLED,
                error: "cancelled: dropped before it ended".to_owned(),
                exception: None,
                is_retried: false,
            }));
        }
    }
}

/// An error with all that caused it; `None` when nothing did.
fn causes(error: &(dyn Error + 'static)) -> Option<String> {
    let mut source = error.source();
    let mut causes = source.map(|_| error.to_string())?;
    while let Some(cause) = source {
        // Writing to a string does not fail, unless the cause's own formatter does.
        let _incomplete = write!(causes, "\ncaused by: {cause}");
        source = cause.source();
    }
    Some(causes)
}
