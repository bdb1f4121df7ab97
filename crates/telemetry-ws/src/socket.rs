//! The socket that a handler gets.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};

use futures_util::sink::Sink;
use futures_util::stream::{FusedStream, Stream};
use http::HeaderValue;
use telemetry_core::{ClientIp, FutureExt as _, Scope, panic};

use crate::connection::Connection;
use crate::handling::MessageHandling;
use crate::recording::Recording;
use crate::settings::Settings;
use crate::supervised::Supervised;
use crate::tracker::{Tracked, Tracking};
use crate::transport::Transport;

/// A WebSocket that is followed to its end. It behaves as the one that it wraps: a stream and a
/// sink of the same messages, which may be split.
///
/// The connection ends when it is dropped, with all its halves: with the close code 1000 where
/// neither side has closed, or with 1011 in a panic.
pub struct TelemetrySocket<S: Transport> {
    connection: Arc<Connection<S>>,
    protocol: Option<HeaderValue>,
    tracking: Option<Tracking>,
}

impl<S: Transport> TelemetrySocket<S> {
    /// Begins a connection.
    pub(crate) fn new(
        socket: S,
        scope: Scope,
        settings: Arc<Settings>,
        recording: Recording,
        client: Option<ClientIp>,
    ) -> Self
    where
        S: Send + 'static,
    {
        panic::watch();
        let tracker = settings.tracker.clone();
        let connection = Connection::open(socket, scope, settings, recording, client);
        let tracking = tracker.map(|tracker| {
            let connection: Weak<dyn Tracked> = Arc::downgrade(&connection) as _;
            tracker.track(connection)
        });
        Self {
            connection,
            protocol: None,
            tracking,
        }
    }

    pub(crate) fn with_protocol(mut self, protocol: Option<HeaderValue>) -> Self {
        self.protocol = protocol;
        self
    }

    /// Receives the next message; `None` once the connection is closed.
    pub async fn recv(&mut self) -> Option<Result<S::Message, S::Failure>> {
        poll_fn(|cx| self.connection.poll_next(cx)).await
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// Those of the wrapped socket, and when the connection has ended.
    pub async fn send(&mut self, message: S::Message) -> Result<(), S::Failure> {
        futures_util::SinkExt::send(self, message).await
    }

    /// The subprotocol that was chosen at the handshake.
    pub fn protocol(&self) -> Option<&HeaderValue> {
        self.protocol.as_ref()
    }

    /// The scope of the connection. What is bound to it is on all later lines of the
    /// connection, `ws_disconnected` included.
    ///
    /// A handler runs within it. Who has made the connection, as a client does, runs within
    /// a scope of its own, and may enter this one.
    pub fn scope(&self) -> &Scope {
        &self.connection.scope
    }

    /// Gives each message a unit of work of its own.
    pub fn handling(&self) -> MessageHandling<S> {
        MessageHandling::new(Arc::clone(&self.connection))
    }

    /// Runs a handler within the scope of the connection and closes behind it: when it has
    /// finished, the peer is sent a close frame, and its answer waited for. `None` when the
    /// handler was dropped by the [tracker](crate::ConnectionTracker).
    ///
    /// # Panics
    ///
    /// With the handler, once the connection has ended.
    pub async fn run<H, F>(mut self, handler: H) -> Option<F::Output>
    where
        H: FnOnce(Self) -> F,
        F: Future,
    {
        let connection = Arc::clone(&self.connection);
        let scope = connection.scope.clone();
        let tracking = self.tracking.take();
        Supervised::new(connection, tracking, async move { handler(self).await })
            .in_scope(scope)
            .await
    }
}

impl<S: Transport> Stream for TelemetrySocket<S> {
    type Item = Result<S::Message, S::Failure>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.connection.poll_next(cx)
    }
}

impl<S: Transport> FusedStream for TelemetrySocket<S> {
    fn is_terminated(&self) -> bool {
        self.connection.with(|state| state.is_terminated())
    }
}

impl<S: Transport> Sink<S::Message> for TelemetrySocket<S> {
    type Error = S::Failure;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.with(|state| state.poll_ready(cx))
    }

    fn start_send(self: Pin<&mut Self>, message: S::Message) -> Result<(), Self::Error> {
        self.connection.start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.with(|state| state.poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.connection.with(|state| state.poll_close(cx))
    }
}

impl<S: Transport> Drop for TelemetrySocket<S> {
    fn drop(&mut self) {
        self.connection.release(std::thread::panicking());
    }
}

impl<S: Transport> fmt::Debug for TelemetrySocket<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetrySocket")
            .field("connection", &self.connection)
            .field("protocol", &self.protocol)
            .finish_non_exhaustive()
    }
}
