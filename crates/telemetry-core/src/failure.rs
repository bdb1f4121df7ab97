//! How a unit of work, or a call, failed.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::SystemTime;

use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanRef, Status};
use opentelemetry_semantic_conventions::attribute::{
    EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE,
};

use crate::as_error::AsError;
use crate::error_chain;
use crate::names;
use crate::panic::Panic;

/// The name of the span event, by the semantic conventions.
const EXCEPTION_EVENT: &str = "exception";

/// How something failed, the same on its line, its span and its metrics.
///
/// What an error or a panic says is read by [`error_chain`]: bounded, and whatever its formatter
/// does.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The class of what went wrong, one of few values: the [`ERROR_TYPE`](names::ERROR_TYPE) of
    /// spans and metrics.
    pub error_type: Cow<'static, str>,
    /// What went wrong: the [`ERROR`](names::ERROR) of a line, and the description of the span's
    /// status. Empty when the class says all that may be said.
    pub error: String,
    /// The error with all that caused it, or the place and backtrace of the panic: the
    /// [`EXCEPTION`](names::EXCEPTION) of a line. `None` when nothing is known.
    pub exception: Option<String>,
    /// Whether the class is the code that a server answered with.
    is_code: bool,
}

impl Failure {
    /// The class of what was dropped before it ended.
    pub const CANCELLED: &str = "cancelled";
    /// The class of what ended by a panic, and the type of its exception.
    pub const PANIC: &str = "panic";
    /// What the text of a panic begins with.
    pub const PANIC_PREFIX: &str = "panic: ";
    /// The class of any other error, by the semantic conventions.
    pub const OTHER: &str = "_OTHER";

    /// Makes a failure of this class; nothing else is known of it.
    #[must_use]
    pub fn new(error_type: impl Into<Cow<'static, str>>) -> Self {
        Self {
            error_type: error_type.into(),
            error: String::new(),
            exception: None,
            is_code: false,
        }
    }

    /// Makes a failure of a code that a server answered with, which is its class.
    #[must_use]
    pub fn from_code(code: impl Into<Cow<'static, str>>) -> Self {
        Self {
            is_code: true,
            ..Self::new(code)
        }
    }

    /// Makes the failure of an error of this class.
    #[must_use]
    pub fn from_error<Kind>(
        error_type: impl Into<Cow<'static, str>>,
        error: &(impl AsError<Kind> + ?Sized),
    ) -> Self {
        let error = error.as_error();
        Self {
            error: error_chain::message(error),
            exception: error_chain::exception(error),
            ..Self::new(error_type)
        }
    }

    /// Makes the failure of what panicked. Waits at most 50 milliseconds for its frames: see
    /// [`Panic::backtrace`].
    #[must_use]
    pub fn from_panic(panic: &Panic) -> Self {
        Self::new_panic(&panic.message, panic.backtrace())
    }

    pub(crate) fn new_panic(message: &str, exception: Option<String>) -> Self {
        Self {
            error: error_chain::message_of(format_args!("{}{message}", Self::PANIC_PREFIX)),
            exception,
            ..Self::new(Self::PANIC)
        }
    }

    /// Makes the failure of what was dropped before it ended.
    #[must_use]
    pub fn cancelled() -> Self {
        Self {
            error: "cancelled: dropped before it ended".to_owned(),
            ..Self::new(Self::CANCELLED)
        }
    }

    /// Makes the failure of a call that its caller drops before it has ended: `None`, unless a panic
    /// of the caller drops it.
    ///
    /// A caller that no longer wants the answer, such as the loser of a `select!`, makes no error of
    /// its call: the semantic conventions leave the status of the span unset and `error.type` out.
    #[must_use]
    pub fn dropped() -> Option<Self> {
        std::thread::panicking().then(|| Self {
            error: "panic: dropped while the thread panicked".to_owned(),
            ..Self::new(Self::PANIC)
        })
    }

    /// Sets what went wrong, as [`error_chain::message`] reads it.
    #[must_use]
    pub fn with_error(mut self, error: &(impl Display + ?Sized)) -> Self {
        self.error = error_chain::message(error);
        self
    }

    /// The code that a server answered with, if that is the class.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.is_code.then_some(&*self.error_type)
    }

    /// The class as an attribute of a metric.
    #[must_use]
    pub fn attribute(&self) -> KeyValue {
        KeyValue::new(names::ERROR_TYPE, self.error_type.clone())
    }

    /// Marks the span of a call as failed: its `error.type` and its status. It has no event
    /// `exception`: what failed of the call records one.
    pub fn mark(&self, span: &SpanRef<'_>) {
        span.set_attribute(self.attribute());
        span.set_status(Status::error(self.error.clone()));
    }

    /// Records the failure on the span of a unit of work, or on another that failed `at` this time:
    /// its status, and an event `exception` where there is something to say.
    ///
    /// A span that is being ended ends `at` the same time: an event is not later than its span.
    pub(crate) fn record(&self, span: &SpanRef<'_>, at: SystemTime) {
        span.set_status(Status::error(self.error.clone()));
        self.record_exception(span, at);
    }

    /// Adds an event `exception` to a span, `at` this time, where there is something to say: also to
    /// the span of what has not failed.
    pub fn record_exception(&self, span: &SpanRef<'_>, at: SystemTime) {
        if self.error.is_empty() && self.exception.is_none() {
            return;
        }
        let mut attributes = vec![KeyValue::new(EXCEPTION_MESSAGE, self.error.clone())];
        if self.error_type == Self::PANIC {
            attributes.push(KeyValue::new(EXCEPTION_TYPE, Self::PANIC));
        }
        if let Some(exception) = &self.exception {
            attributes.push(KeyValue::new(EXCEPTION_STACKTRACE, exception.clone()));
        }
        span.add_event_with_timestamp(EXCEPTION_EVENT, at, attributes);
    }
}
