//! What connections are made with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use telemetry_labels::LabelExtractor;

use crate::origins::AllowedOrigins;
use crate::tracker::ConnectionTracker;

/// How long to wait for the peer's close frame by default.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Says how connections are followed, and what is asked of their peers.
///
/// In axum, put it among the extensions of the routes, where a
/// [`TelemetryUpgrade`](crate::TelemetryUpgrade) finds it:
///
/// ```
/// # #[cfg(feature = "axum")]
/// # fn example() -> axum::Router {
/// use std::time::Duration;
///
/// use axum::{Extension, Router, response::Response, routing::any};
/// use telemetry_ws::{ConnectionTracker, TelemetryUpgrade, WebSocketTelemetry};
///
/// async fn draft(ws: TelemetryUpgrade) -> Response {
///     ws.on_upgrade(|mut socket| async move { while socket.recv().await.is_some() {} })
/// }
///
/// let connections = ConnectionTracker::new();
/// Router::new().route("/ws/draft/{id}/", any(draft)).layer(Extension(
///     WebSocketTelemetry::new()
///         .with_idle_timeout(Duration::from_secs(60))
///         .with_tracker(connections.clone()),
/// ))
/// # }
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "settings do nothing until a connection is made with them"]
pub struct WebSocketTelemetry {
    pub(crate) settings: Arc<Settings>,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) labels: LabelExtractor,
    pub(crate) client_ip: bool,
    pub(crate) message_spans: bool,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) send_timeout: Option<Duration>,
    pub(crate) close_timeout: Duration,
    pub(crate) max_message_size: Option<usize>,
    pub(crate) max_frame_size: Option<usize>,
    pub(crate) origins: AllowedOrigins,
    pub(crate) tracker: Option<ConnectionTracker>,
}

impl WebSocketTelemetry {
    /// Begins with the built-in labels, the limits of the library, no timeouts but two seconds
    /// for a peer's close frame, and upgrades from the same origin alone.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes labels and ids from paths by rules of your own.
    pub fn with_labels(self, labels: LabelExtractor) -> Self {
        self.with(|settings| settings.labels = labels)
    }

    /// Writes the client's address as `client_ip` on `ws_connected`, where it is known. On by
    /// default.
    pub fn with_client_ip(self, client_ip: bool) -> Self {
        self.with(|settings| settings.client_ip = client_ip)
    }

    /// Makes a span of each message that is given to
    /// [`handle`](crate::MessageHandling::handle). Off by default.
    pub fn with_message_spans(self, message_spans: bool) -> Self {
        self.with(|settings| settings.message_spans = message_spans)
    }

    /// Pings a peer that was silent for half of `timeout`, and gives it up as gone, with the
    /// close code 1006, when it is silent for the other half too. Off by default.
    ///
    /// Time passes only while the handler waits for a message. A message that takes longer
    /// than half of the timeout to come in is silence.
    pub fn with_idle_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.idle_timeout = Some(timeout))
    }

    /// Gives up a peer as gone, with the close code 1006, when sending to it has waited for
    /// `timeout`. Off by default.
    pub fn with_send_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.send_timeout = Some(timeout))
    }

    /// Bounds how long a connection that the handler has left waits for the peer's close
    /// frame. Two seconds by default.
    pub fn with_close_timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.close_timeout = timeout)
    }

    /// Closes, with the code 1009, what sends a larger message. 64 MiB by default.
    pub fn with_max_message_size(self, bytes: usize) -> Self {
        self.with(|settings| settings.max_message_size = Some(bytes))
    }

    /// Closes, with the code 1009, what sends a larger frame. 16 MiB by default.
    pub fn with_max_frame_size(self, bytes: usize) -> Self {
        self.with(|settings| settings.max_frame_size = Some(bytes))
    }

    /// Sets whose pages may connect, in place of those from the same origin.
    pub fn with_allowed_origins(self, origins: AllowedOrigins) -> Self {
        self.with(|settings| settings.origins = origins)
    }

    /// Counts the connections in, so that they can be ended at shutdown.
    pub fn with_tracker(self, tracker: ConnectionTracker) -> Self {
        self.with(|settings| settings.tracker = Some(tracker))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            labels: LabelExtractor::new(),
            client_ip: true,
            message_spans: false,
            idle_timeout: None,
            send_timeout: None,
            close_timeout: CLOSE_TIMEOUT,
            max_message_size: None,
            max_frame_size: None,
            origins: AllowedOrigins::default(),
            tracker: None,
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("client_ip", &self.client_ip)
            .field("message_spans", &self.message_spans)
            .field("idle_timeout", &self.idle_timeout)
            .field("send_timeout", &self.send_timeout)
            .field("close_timeout", &self.close_timeout)
            .field("max_message_size", &self.max_message_size)
            .field("max_frame_size", &self.max_frame_size)
            .field("origins", &self.origins)
            .field("tracker", &self.tracker)
            .finish_non_exhaustive()
    }
}
