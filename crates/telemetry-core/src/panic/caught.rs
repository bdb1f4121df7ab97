//! A future whose panic is a value.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::panic::{self, Panic};

pin_project! {
    /// A future whose panic is its output. Made by [`catch_async`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Caught<F> {
        #[pin]
        inner: F,
    }
}

/// Catches the panic of a future, as [`catch`](panic::catch) does that of a call.
///
/// Its output is an error when the future panics. It is not to be polled after that.
pub fn catch_async<F: Future>(future: F) -> Caught<F> {
    Caught { inner: future }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panic>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = self.project().inner;
        match panic::catch(|| inner.poll(cx)) {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}

impl<F> fmt::Debug for Caught<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").finish_non_exhaustive()
    }
}
