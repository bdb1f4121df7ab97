//! How a unit of work failed.

use std::error::Error;
use std::fmt::Write as _;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanRef, Status};
use opentelemetry_semantic_conventions::attribute::{
    EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE,
};

use crate::names;
use crate::panic::Panic;

/// The name of the span event, by the semantic conventions.
const EXCEPTION_EVENT: &str = "exception";

/// How a unit of work failed, as its line, its span and its metrics tell it alike.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The class of what went wrong, one of few values: the [`ERROR_TYPE`](names::ERROR_TYPE) of
    /// spans and metrics.
    pub error_type: &'static str,
    /// What went wrong: the [`ERROR`](names::ERROR) of a line, and the description of the span's
    /// status.
    pub error: String,
    /// The error with all that caused it, or the place and backtrace of the panic: the
    /// [`EXCEPTION`](names::EXCEPTION) of a line. `None` when nothing is known.
    pub exception: Option<String>,
}

impl Failure {
    /// The class of what was dropped before it ended.
    pub const CANCELLED: &str = "cancelled";
    /// The class of what ended by a panic, and the type of its exception.
    pub const PANIC: &str = "panic";
    /// The class of any other error, by the semantic conventions.
    pub const OTHER: &str = "_OTHER";

    /// The failure of an error of this class.
    #[must_use]
    pub fn of_error(error_type: &'static str, error: &dyn Error) -> Self {
        Self {
            error_type,
            error: error.to_string(),
            exception: causes(error),
        }
    }

    /// The failure of what panicked.
    #[must_use]
    pub fn of_panic(panic: &Panic) -> Self {
        Self {
            error_type: Self::PANIC,
            error: format!("panic: {}", panic.message),
            exception: panic.backtrace(),
        }
    }

    /// The failure of what was dropped before it ended.
    #[must_use]
    pub fn cancelled() -> Self {
        Self {
            error_type: Self::CANCELLED,
            error: "cancelled: dropped before it ended".to_owned(),
            exception: None,
        }
    }

    /// Marks a span as failed: its `error.type`, its status, and an event `exception`.
    pub fn record_on(&self, span: &SpanRef<'_>) {
        let Self {
            error_type,
            error,
            exception,
        } = self;
        span.set_attribute(KeyValue::new(names::ERROR_TYPE, *error_type));
        span.set_status(Status::error(error.clone()));
        let mut attributes = vec![KeyValue::new(EXCEPTION_MESSAGE, error.clone())];
        if *error_type == Self::PANIC {
            attributes.push(KeyValue::new(EXCEPTION_TYPE, Self::PANIC));
        }
        if let Some(exception) = exception {
            attributes.push(KeyValue::new(EXCEPTION_STACKTRACE, exception.clone()));
        }
        span.add_event(EXCEPTION_EVENT, attributes);
    }
}

/// An error with all that caused it; `None` when nothing did.
fn causes(error: &dyn Error) -> Option<String> {
    let mut source = error.source();
    let mut causes = source.map(|_| error.to_string())?;
    while let Some(cause) = source {
        // Writing to a string does not fail, unless the cause's own formatter does.
        let _incomplete = write!(causes, "\ncaused by: {cause}");
        source = cause.source();
    }
    Some(causes)
}
