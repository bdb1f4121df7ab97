//! The line of a panic, and work whose panic is reported.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;
use tracing::{Span, dispatcher};

use crate::error_chain;
use crate::install::LOGGER;
use crate::names::{self, event};
use crate::panic::seen::SeenPanic;
use crate::panic::{self, Caught, Panic, reporter};
use crate::scope::Scope;
use crate::subscriber;
#[cfg(feature = "testing")]
use crate::testing::Tag;
use crate::trace;
use crate::writer::exit::flush_before_abort;

pin_project! {
    /// A future whose panic is reported by a line, and goes on.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct ReportPanics<F> {
        #[pin]
        inner: Caught<F>,
    }
}

impl<F: Future> ReportPanics<F> {
    pub(crate) fn new(inner: F) -> Self {
        panic::watch();
        Self {
            inner: panic::catch_async(inner),
        }
    }
}

impl<F: Future> Future for ReportPanics<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.project().inner.poll(cx);
        polled.map(|caught| caught.unwrap_or_else(|panic| report_and_resume(panic)))
    }
}

/// Does work whose panic is reported by a line, and goes on.
pub(crate) fn report_panics_of<T>(work: impl FnOnce() -> T) -> T {
    panic::watch();
    panic::catch(work).unwrap_or_else(|panic| report_and_resume(panic))
}

/// Writes the line of a panic, unless one was written, and goes on with it.
#[cold]
pub(crate) fn report_and_resume(mut panic: Panic) -> ! {
    if !panic.is_reported() {
        write(&panic.seen);
        panic.mark_reported();
    }
    panic.resume()
}

/// What a line of a panic needs of the code that panicked.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    scope: Option<Scope>,
    trace: Option<opentelemetry::Context>,
    #[cfg(feature = "testing")]
    tag: Option<Tag>,
}

impl Origin {
    pub(super) fn current() -> Self {
        Self {
            scope: Scope::current(),
            trace: trace::current(),
            #[cfg(feature = "testing")]
            tag: Tag::current(),
        }
    }

    /// Does work with the context that the panicking code had.
    fn enter<T>(&self, work: impl FnOnce() -> T) -> T {
        #[cfg(feature = "testing")]
        let _marked = self.tag.clone().map(Tag::mark_while);
        Scope::with_owned(&mut self.scope.clone(), || {
            let _attached = self.trace.clone().map(opentelemetry::Context::attach);
            work()
        })
    }

    /// Whether a test captures the lines of this code, and looks for the line at once.
    pub(super) fn is_captured(&self) -> bool {
        #[cfg(feature = "testing")]
        return self.tag.is_some();
        #[cfg(not(feature = "testing"))]
        return false;
    }
}

/// Writes the line of a panic with the context that the panicking code had.
#[cold]
pub(super) fn write(seen: &SeenPanic) {
    let emitted = seen.clone();
    when_symbols_are_read(seen, move || emit(&emitted));
}

/// Calls `report` at once, or, when the symbols of the panic are not read in time, as soon as they
/// are, on the thread of reports.
#[cold]
pub(super) fn when_symbols_are_read(seen: &SeenPanic, report: impl FnOnce() + Send + 'static) {
    let timeout = reporter::symbols_timeout();
    if seen.trace().is_none_or(|trace| trace.wait(timeout)) {
        report();
    } else {
        let dispatch = subscriber::current();
        reporter::run(move || dispatcher::with_default(&dispatch, report));
    }
}

/// Writes the line from within the panic hook, on another thread: a subscriber that panics here
/// would abort the process.
#[cold]
pub(super) fn write_from_hook(seen: SeenPanic) {
    let dispatch = subscriber::current();
    let span = Span::current();
    let timeout = if seen.origin.is_captured() {
        reporter::CAPTURED_TIMEOUT
    } else if cfg!(panic = "abort") {
        reporter::ABORT_TIMEOUT
    } else {
        Duration::ZERO
    };
    let done = reporter::run(move || {
        dispatcher::with_default(&dispatch, || span.in_scope(|| emit(&seen)));
        seen.escaped();
    });
    let started = Instant::now();
    done.wait(timeout);
    if cfg!(panic = "abort") {
        flush_before_abort(reporter::ABORT_TIMEOUT.saturating_sub(started.elapsed()));
    }
}

/// Writes the line. A subscriber that panics has not written it, and takes nothing else with it.
fn emit(seen: &SeenPanic) {
    let error = error_chain::message_of(format_args!("panic: {}", seen.content.message));
    let exception = seen.exception(Duration::MAX);
    let _panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        seen.origin.enter(|| {
            tracing::error!(
                target: LOGGER,
                message = event::WORK_PANICKED,
                { names::ERROR } = error.as_str(),
                { names::EXCEPTION } = exception.as_deref(),
                { names::THREAD_NAME } = seen.thread.as_deref(),
            );
        });
    }));
}
