//! The handler of a connection, and the connection's end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use telemetry_core::panic::{self, Panic};
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
        handler: Option<F>,
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
            handler: Some(handler),
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
            if connection.is_aborted() {
                this.handler.set(None);
            } else {
                match panic::catch(|| handler.poll(cx)) {
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(output)) => {
                        *this.finished = Some(Ok(output));
                        this.handler.set(None);
                    }
                    Err(panic) => {
                        connection.panicked(&panic);
                        *this.finished = Some(Err(panic));
                        this.handler.set(None);
                    }
                }
            }
        }
        // Tasks of the handler may have the socket longer than it, or drop it earlier.
        std::task::ready!(connection.poll_released(cx));
        if this.closing.is_none() {
            let timeout = connection.close_timeout();
            this.closing.set(Some(sleep(timeout)));
        }
        let is_late =
            (this.closing.as_mut().as_pin_mut()).is_some_and(|closing| closing.poll(cx).is_ready());
        if is_late || connection.poll_handshake(cx).is_ready() {
            connection.finish_released();
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
