//! An attempt at a job from its beginning to its one end.

use std::sync::Arc;
use std::time::Instant;

use apalis_core::error::BoxDynError;
use apalis_core::task::ExecutionContext;
use telemetry_core::panic::{self, Panic};
use telemetry_core::{Failure, Scope};

use crate::consumer::Recording;
use crate::failed_attempt::FailedAttempt;
use crate::failure;
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
        let Some(error) = error else {
            return self.finish(None, false);
        };
        let failure = failure::from_error(error);
        let is_retried = self.is_retried(Some(error));
        self.finish(Some(&failure), is_retried);
    }

    /// Ends an attempt that panicked, and goes on with the panic.
    pub(crate) fn panicked(mut self, mut panic: Panic) -> ! {
        let is_retried = self.is_retried(None);
        self.finish(Some(&Failure::from_panic(&panic)), is_retried);
        panic.mark_reported();
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
    fn finish(&mut self, failure: Option<&Failure>, is_retried: bool) {
        if self.has_ended {
            return;
        }
        self.has_ended = true;
        let duration = self.started.elapsed();
        self.scope
            .in_scope(|| line::write_end(failure, is_retried, duration));
        if let Some(recording) = self.recording.take() {
            recording.end(failure, duration, &self.scope);
        }
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        if !self.has_ended {
            self.finish(Some(&Failure::cancelled()), false);
        }
    }
}
