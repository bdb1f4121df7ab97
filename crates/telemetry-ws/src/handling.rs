//! The unit of work that a message is.

mod span;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use telemetry_core::panic::{self, Caught};
use telemetry_core::{Failure, FutureExt as _, InScope, Scope};

use crate::connection::Connection;
use crate::handling::span::MessageSpan;
use crate::transport::Transport;

/// Gives messages units of work of their own. A cheap handle, made by
/// [`TelemetrySocket::handling`](crate::TelemetrySocket::handling).
pub struct MessageHandling<S: Transport> {
    connection: Arc<Connection<S>>,
}

impl<S: Transport> MessageHandling<S> {
    pub(crate) fn new(connection: Arc<Connection<S>>) -> Self {
        Self { connection }
    }

    /// Makes what a message asks for a unit of work, from now until `work` is done: it has a
    /// scope that begins with a copy of the connection's, and where
    /// [asked for](crate::WebSocketTelemetry::with_message_spans) and exported, a span.
    ///
    /// What `work` binds is on its own lines, and neither on those of the next message nor on
    /// those of the connection.
    ///
    /// The span is the root of a trace of its own, which is sampled by itself, and has a link
    /// to the span of the upgrade: a connection lives for hours, and its messages would be one
    /// endless trace. Its kind is consumer: the peer has sent something and does not wait for
    /// the outcome.
    ///
    /// ```
    /// # #[cfg(feature = "axum")]
    /// # mod example {
    /// use axum::extract::ws::{Message, WebSocket};
    /// use telemetry_ws::TelemetrySocket;
    ///
    /// async fn draft(mut socket: TelemetrySocket<WebSocket>) {
    ///     let handling = socket.handling();
    ///     while let Some(Ok(message)) = socket.recv().await {
    ///         let answer = handling.handle(&message, answer(&message)).await;
    ///         if socket.send(answer).await.is_err() {
    ///             break;
    ///         }
    ///     }
    /// }
    /// # async fn answer(message: &Message) -> Message { message.clone() }
    /// # }
    /// ```
    pub fn handle<F: Future>(&self, message: &S::Message, work: F) -> Handling<F> {
        let connection = &self.connection;
        let tracer = if connection.settings.message_spans {
            connection.recording.tracer()
        } else {
            None
        };
        let span = tracer.map(|tracer| {
            let route = connection.recording.route.as_deref();
            MessageSpan::start(tracer, route, &connection.upgrade, &S::view(message))
        });
        let scope = connection.scope.in_scope(|| match &span {
            Some(span) => span.within(Scope::snapshot),
            None => Scope::snapshot(),
        });
        Handling {
            work: panic::catch_async(work).in_scope(scope.clone()),
            end: span.map(|span| End {
                span,
                scope,
                outcome: None,
            }),
        }
    }
}

impl<S: Transport> Clone for MessageHandling<S> {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.connection))
    }
}

impl<S: Transport> fmt::Debug for MessageHandling<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageHandling")
            .field("connection", &self.connection)
            .finish()
    }
}

pin_project! {
    /// What a message asks for. Made by [`MessageHandling::handle`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Handling<F> {
        // Before the end: the work is dropped before its span ends.
        #[pin]
        work: InScope<Caught<F>>,
        end: Option<End>,
    }
}

/// Ends the span of a message when it is dropped.
struct End {
    span: MessageSpan,
    scope: Scope,
    /// Absent when it is dropped before it has ended.
    outcome: Option<Result<(), Failure>>,
}

impl<F: Future> Future for Handling<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let caught = ready!(this.work.poll(cx));
        if let Some(mut end) = this.end.take() {
            let outcome = caught.as_ref().map(drop);
            end.outcome = Some(outcome.map_err(Failure::from_panic));
        }
        // Reported by what catches it next: a message has no line of its own.
        Poll::Ready(caught.unwrap_or_else(|panic| panic.resume()))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let outcome = self.outcome.take();
        let failure = outcome.unwrap_or_else(|| Err(Failure::cancelled())).err();
        self.span.end(failure.as_ref(), &self.scope);
    }
}

impl<F> fmt::Debug for Handling<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handling").finish_non_exhaustive()
    }
}
