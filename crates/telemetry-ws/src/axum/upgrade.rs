//! The extractor.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, FromRequestParts, MatchedPath, OriginalUri};
use axum::response::{IntoResponse as _, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, Uri};
use telemetry_core::{ClientIp, Scope};

use crate::axum::UpgradeRejection;
use crate::handshake;
use crate::recording::{Recording, Role};
use crate::settings::WebSocketTelemetry;
use crate::socket::TelemetrySocket;

/// Upgrades a request to a WebSocket that is followed. Takes the place of axum's
/// `WebSocketUpgrade`, and of `WebSocket` in its callback.
///
/// ```
/// use axum::response::Response;
/// use axum::{Router, routing::any};
/// use telemetry_ws::TelemetryUpgrade;
///
/// async fn draft(ws: TelemetryUpgrade) -> Response {
///     ws.on_upgrade(|mut socket| async move {
///         while let Some(Ok(message)) = socket.recv().await {
///             if socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// let app: Router = Router::new().route("/ws/draft/{id}/", any(draft));
/// ```
///
/// It goes by the [`WebSocketTelemetry`] among the request's extensions, or by the default.
#[must_use = "nothing is upgraded until `on_upgrade` is called"]
pub struct TelemetryUpgrade {
    inner: WebSocketUpgrade,
    telemetry: WebSocketTelemetry,
    uri: Uri,
    headers: HeaderMap,
    route: Option<MatchedPath>,
    client: Option<ClientIp>,
}

impl TelemetryUpgrade {
    /// Goes by these settings, in place of those that were found. Limits are to be set after
    /// it.
    pub fn with_telemetry(mut self, telemetry: WebSocketTelemetry) -> Self {
        self.telemetry = telemetry;
        self
    }

    /// Sets the subprotocols that are known, the best first; the first that the client knows
    /// too is chosen.
    pub fn protocols<I>(mut self, protocols: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        self.inner = self.inner.protocols(protocols);
        self
    }

    /// The subprotocols that the client knows.
    pub fn requested_protocols(&self) -> impl Iterator<Item = &HeaderValue> {
        self.inner.requested_protocols()
    }

    /// The subprotocol that was chosen.
    pub fn selected_protocol(&self) -> Option<&HeaderValue> {
        self.inner.selected_protocol()
    }

    /// Closes, with the code 1009, what sends a larger message.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.telemetry = self.telemetry.with_max_message_size(bytes);
        self
    }

    /// Closes, with the code 1009, what sends a larger frame.
    pub fn max_frame_size(mut self, bytes: usize) -> Self {
        self.telemetry = self.telemetry.with_max_frame_size(bytes);
        self
    }

    /// Changes what else axum's own upgrade has, such as the sizes of its buffers.
    pub fn map_inner(mut self, change: impl FnOnce(WebSocketUpgrade) -> WebSocketUpgrade) -> Self {
        self.inner = change(self.inner);
        self
    }

    /// Answers the request: with the upgrade, and the handler runs in a task of its own
    /// within the scope of the connection; with 403 when the page is
    /// [foreign](crate::AllowedOrigins); or with 503 after the
    /// [shutdown](crate::ConnectionTracker::shutdown).
    ///
    /// What is bound before this call is on all lines of the connection.
    #[must_use = "to set up the connection, this response must be returned"]
    pub fn on_upgrade<H, F>(self, handler: H) -> Response
    where
        H: FnOnce(TelemetrySocket<WebSocket>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let settings = Arc::clone(&self.telemetry.settings);
        let is_followed = Scope::current().is_some();
        let scope = handshake::open_scope(&settings.labels, self.uri.path(), &self.headers);
        let tracker = settings.tracker.as_ref();
        let mut response = if !settings.origins.allow(&self.uri, &self.headers) {
            (StatusCode::FORBIDDEN, "Origin is not allowed").into_response()
        } else if tracker.is_some_and(|tracker| tracker.is_shut_down()) {
            (StatusCode::SERVICE_UNAVAILABLE, "Shutting down").into_response()
        } else {
            let mut upgrade = self.inner;
            if let Some(bytes) = settings.max_message_size {
                upgrade = upgrade.max_message_size(bytes);
            }
            if let Some(bytes) = settings.max_frame_size {
                upgrade = upgrade.max_frame_size(bytes);
            }
            let (scope, client, route) = (scope.clone(), self.client, self.route);
            upgrade.on_upgrade(async move |socket: WebSocket| {
                let protocol = socket.protocol().cloned();
                let route = route.map(|route| route.as_str().to_owned());
                let recording = Recording::new(Role::Server, route);
                TelemetrySocket::new(socket, scope, settings, recording, client)
                    .with_protocol(protocol)
                    .run(handler)
                    .await;
            })
        };
        if !is_followed {
            handshake::set_request_id(response.headers_mut(), &scope);
        }
        response
    }
}

impl<S: Send + Sync> FromRequestParts<S> for TelemetryUpgrade {
    type Rejection = UpgradeRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, UpgradeRejection> {
        let telemetry: WebSocketTelemetry = parts.extensions.get().cloned().unwrap_or_default();
        // A router that is nested sees the rest of the path alone.
        let uri = match parts.extensions.get() {
            Some(OriginalUri(uri)) => uri.clone(),
            None => parts.uri.clone(),
        };
        let inner = match WebSocketUpgrade::from_request_parts(parts, state).await {
            Ok(inner) => inner,
            Err(inner) => {
                let scope = Scope::current().is_none().then(|| {
                    handshake::open_scope(&telemetry.settings.labels, uri.path(), &parts.headers)
                });
                return Err(UpgradeRejection::new(inner, scope));
            }
        };
        Ok(Self {
            inner,
            telemetry,
            uri,
            headers: parts.headers.clone(),
            route: parts.extensions.get().cloned(),
            client: client(parts),
        })
    }
}

/// The address of the client: as the HTTP layer found it, or of the socket.
fn client(parts: &Parts) -> Option<ClientIp> {
    parts.extensions.get().copied().or_else(|| {
        let ConnectInfo(address) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
        Some(ClientIp(address.ip().to_canonical()))
    })
}

impl fmt::Debug for TelemetryUpgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TelemetryUpgrade")
            .field("inner", &self.inner)
            .field("telemetry", &self.telemetry)
            .finish_non_exhaustive()
    }
}
