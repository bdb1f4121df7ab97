//! Work whose panic is told by a line, and goes on.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::failure::Failure;
use crate::install::LOGGER;
use crate::names::{self, event};
use crate::panic::{self, Caught, Panic};

pin_project! {
    /// A future whose panic is told.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Watched<F> {
        #[pin]
        inner: Caught<F>,
    }
}

impl<F: Future> Watched<F> {
    pub(crate) fn new(inner: F) -> Self {
        panic::watch();
        Self {
            inner: panic::catch_async(inner),
        }
    }
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let polled = self.project().inner.poll(cx);
        polled.map(|caught| caught.unwrap_or_else(|panic| tell(panic)))
    }
}

/// Does work whose panic is told.
pub(crate) fn watched<T>(work: impl FnOnce() -> T) -> T {
    panic::watch();
    panic::catch(work).unwrap_or_else(|panic| tell(panic))
}

/// Writes the line of a panic that none has told of, and goes on with it.
#[cold]
pub(crate) fn tell(panic: Panic) -> ! {
    if !panic.is_told {
        let failure = Failure::from_panic(&panic);
        // A subscriber that panics has not told it, and does not take its place.
        let _told = panic::catch(|| {
            tracing::error!(
                target: LOGGER,
                message = event::WORK_PANICKED,
                { names::ERROR } = failure.error.as_str(),
                { names::EXCEPTION } = failure.exception.as_deref(),
            );
        });
    }
    panic.told().resume()
}
