//! A future whose panic is a value.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use pin_project_lite::pin_project;

use crate::panic::{self, Panic, UnclaimedPanics};

pin_project! {
    /// A future whose panic is its output. Made by [`catch_async`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Caught<F> {
        // Absent once it has been dropped within a call of `catch`.
        #[pin]
        inner: Option<F>,
        unclaimed: UnclaimedPanics,
    }

    impl<F> PinnedDrop for Caught<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_none() {
                return;
            }
            // Reported at once: nothing of ours may be around whatever drops this.
            if let Err(panic) = this.unclaimed.catch(|| this.inner.set(None))
                && !thread::panicking()
            {
                panic::report_and_resume(panic);
            }
        }
    }
}

/// Catches the panic of a future, as [`catch`](panic::catch) does that of a call: also one of the
/// future's destructor.
///
/// Its output is an error when the future panics. It is not to be polled after that. A panic that
/// somebody else catches within the future is reported by a line when the future ends.
pub fn catch_async<F: Future>(future: F) -> Caught<F> {
    Caught {
        inner: Some(future),
        unclaimed: UnclaimedPanics::new(),
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = Result<F::Output, Panic>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let mut output = None;
        let caught = this.unclaimed.catch(|| {
            let Some(inner) = this.inner.as_mut().as_pin_mut() else {
                return Poll::Pending;
            };
            let ready = std::task::ready!(inner.poll(cx));
            output = Some(ready);
            this.inner.set(None);
            Poll::Ready(())
        });
        match (caught, output) {
            (Ok(Poll::Pending), _) => Poll::Pending,
            (Ok(Poll::Ready(())), output) => {
                this.unclaimed.report();
                output.map_or(Poll::Pending, |output| Poll::Ready(Ok(output)))
            }
            (Err(panic), _) => {
                // What the future holds may panic as it is dropped, too: a second panic is a line
                // of its own.
                let _second = this.unclaimed.catch(|| this.inner.set(None));
                this.unclaimed.report();
                Poll::Ready(Err(panic))
            }
        }
    }
}

impl<F> fmt::Debug for Caught<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caught").finish_non_exhaustive()
    }
}
