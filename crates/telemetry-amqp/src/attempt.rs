//! An attempt at a message from its beginning to its one end.

use std::error::Error;
use std::time::Instant;

use opentelemetry::KeyValue;
use telemetry_core::panic::Panic;
use telemetry_core::{Failure, Scope, names};

use crate::delivered::Delivered;
use crate::line;
use crate::recording::Recording;

/// What a handler gives, or how it panicked.
pub(crate) type Outcome = Result<Result<(), BoxError>, Panic>;
/// Any error of a handler.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// What is known of an attempt. Ends it as cancelled when it is dropped before it has ended
/// otherwise.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) scope: Scope,
    started: Instant,
    /// Absent when nothing exports.
    recording: Option<Recording>,
    has_ended: bool,
}

impl Attempt {
    /// Begins an attempt, and says so.
    pub(crate) fn start(message: &Delivered, server: &[KeyValue]) -> Self {
        let (mut scope, origin) = message.open_scope();
        scope.field(names::MESSAGING_DESTINATION_NAME, message.queue());
        let recording = Recording::start(message, origin.as_ref(), server);
        match (&recording, &origin) {
            (Some(recording), _) => scope.trace(&recording.context),
            // Lines have the ids of a trace that others export.
            (None, Some(origin)) => scope.trace(origin),
            (None, None) => &mut scope,
        };
        let scope = scope.build();
        let started = Instant::now();
        scope.in_scope(line::write_received);
        Self {
            scope,
            started,
            recording,
            has_ended: false,
        }
    }

    /// Ends an attempt that succeeded, failed with an error or panicked.
    pub(crate) fn end(mut self, outcome: &mut Outcome, is_retried: bool) {
        let failure = match outcome {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(Failure::from_error(Failure::OTHER, error.as_ref())),
            Err(panic) => {
                panic.mark_reported();
                Some(Failure::from_panic(panic))
            }
        };
        self.finish(failure.as_ref(), is_retried);
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

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.has_ended {
            // The broker delivers again what nobody has acknowledged.
            self.finish(Some(&Failure::cancelled()), true);
        }
    }
}
