//! The handler of a connection, and the connection's end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use telemetry_core::panic::{self, Caught, Panic};
use tokio::time::{Sleep, sleep};

use crate::close_code::AWAY;
use crate::connection::Connection;
use crate::tracker::Tracking;
use crate::transport::Transport;

pin_project! {
    /// Runs a handler, closes the connection when nobody has the socket any more, and ends it.
    /// Ready when the handler has finished and the connection has ended: `None` when the
    /// handler was dropped by the tracker.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Supervised<S, F>
    where
        S: Transport,
        F: Future,
    {
        // Absent once it has finished. Dropped before the connection ends.
        #[pin]
        handler: Option<Caught<F>>,
        finished: Option<Result<F::Output, Panic>>,
        // Runs as long as the peer's close frame is waited for.
        #[pin]
        closing: Option<Sleep>,
        supervision: Supervision<S>,
        tracking: Option<Tracking>,
    }
}

/// Ends the connection when the task goes away, as with its runtime.
struct Supervision<S: Transport>(Arc<Connection<S>>);

impl<S: Transport, F: Future> Supervised<S, F> {
    pub(crate) fn new(
        connection: Arc<Connection<S>>,
        tracking: Option<Tracking>,
        handler: F,
    ) -> Self {
        connection.supervise();
        Self {
            handler: Some(panic::catch_async(handler)),
            finished: None,
            closing: None,
            supervision: Supervision(connection),
            tracking,
        }
    }
}

impl<S: Transport, F: Future> Future for Supervised<S, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        let mut this = self.project();
        let connection = &this.supervision.0;
        if let Some(handler) = this.handler.as_mut().as_pin_mut() {
            let finished = if connection.is_aborted() {
                panic::catch(|| this.handler.set(None)).err().map(Err)
            } else {
                match handler.poll(cx) {
                    Poll::Pending => None,
                    Poll::Ready(finished) => {
                        this.handler.set(None);
                        Some(finished)
                    }
                }
            };
            if let Some(Err(panic)) = &finished {
                connection.panicked(panic);
            }
            if finished.is_some() {
                *this.finished = finished;
            }
        }
        // Tasks of the handler may have the socket longer than it, or drop it earlier.
        std::task::ready!(connection.poll_released(cx));
        if !connection.has_ended() {
            let is_closed = connection.poll_handshake(cx).is_ready();
            if this.closing.is_none() && !is_closed {
                this.closing.set(Some(sleep(connection.close_timeout())));
            }
            let closing = this.closing.as_mut().as_pin_mut();
            if is_closed || closing.is_some_and(|closing| closing.poll(cx).is_ready()) {
                connection.finish_released();
            }
        }
        if this.handler.is_some() || !connection.has_ended() {
            return Poll::Pending;
        }
        match this.finished.take() {
            Some(Ok(output)) => Poll::Ready(Some(output)),
            // Whoever runs the handler is to see its panic, as without us.
            Some(Err(panic)) => panic.resume(),
            None => Poll::Ready(None),
        }
    }
}

impl<S: Transport> Drop for Supervision<S> {
    fn drop(&mut self) {
        self.0.finish(AWAY);
    }
}

impl<S: Transport, F: Future> fmt::Debug for Supervised<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Supervised")
            .field("connection", &self.supervision.0)
            .finish_non_exhaustive()
    }
}
