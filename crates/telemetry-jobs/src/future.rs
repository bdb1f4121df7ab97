//! The future of a job.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use apalis_core::error::BoxDynError;
use pin_project_lite::pin_project;
use telemetry_core::InScope;
use telemetry_core::panic::Caught;

use crate::lifecycle::Lifecycle;

pin_project! {
    /// A job within its scope. Dropped before it is ready, it ends the job as cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct JobFuture<F> {
        #[pin]
        inner: InScope<Caught<F>>,
        // Behind the handler, which is dropped before its job ends. Absent once it has ended.
        lifecycle: Option<Lifecycle>,
    }
}

impl<F> JobFuture<F> {
    pub(crate) fn new(inner: InScope<Caught<F>>, lifecycle: Lifecycle) -> Self {
        Self {
            inner,
            lifecycle: Some(lifecycle),
        }
    }
}

impl<F, T, E> Future for JobFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxDynError>,
{
    type Output = Result<T, BoxDynError>;

    /// # Panics
    ///
    /// When the handler does: the panic goes on, once it is recorded. And when polled after it
    /// has completed.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match ready!(this.inner.poll(cx)) {
            Ok(result) => {
                let result = result.map_err(Into::into);
                if let Some(lifecycle) = this.lifecycle.take() {
                    lifecycle.end(result.as_ref().err());
                }
                Poll::Ready(result)
            }
            Err(panic) => match this.lifecycle.take() {
                Some(lifecycle) => lifecycle.panicked(panic),
                None => panic.resume(),
            },
        }
    }
}

impl<F> fmt::Debug for JobFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobFuture")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}
