//! Servers of tokio-tungstenite.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, Request, Response, StatusCode, Uri};
use telemetry_core::{ClientIp, Scope};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::handshake::server::{Callback, ErrorResponse};

use crate::handshake;
use crate::recording::{Recording, Role};
use crate::settings::{Settings, WebSocketTelemetry};
use crate::socket::TelemetrySocket;
use crate::tungstenite::config;

impl WebSocketTelemetry {
    /// Answers the handshake of a client that has connected, and begins to follow the
    /// connection. Needs the feature `tungstenite`.
    ///
    /// ```no_run
    /// # async fn example() -> std::io::Result<()> {
    /// use telemetry_ws::WebSocketTelemetry;
    ///
    /// let telemetry = WebSocketTelemetry::new();
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:9000").await?;
    /// loop {
    ///     let (stream, peer) = listener.accept().await?;
    ///     let telemetry = telemetry.clone();
    ///     telemetry_core::spawn(async move {
    ///         let Ok(socket) = telemetry.accept(stream, Some(peer.ip())).await else { return };
    ///         socket
    ///             .run(|mut socket| async move {
    ///                 while let Some(Ok(message)) = socket.recv().await {
    ///                     tracing::info!(bytes = message.len(), "message_received");
    ///                 }
    ///             })
    ///             .await;
    ///     });
    /// }
    /// # }
    /// ```
    ///
    /// The response has the request id as `X-Request-ID`, whichever it is: 403 when the page
    /// is [foreign](crate::AllowedOrigins), 503 after the
    /// [shutdown](crate::ConnectionTracker::shutdown).
    ///
    /// # Errors
    ///
    /// Those of the handshake; a refusal is one too.
    pub async fn accept<T>(
        &self,
        stream: T,
        client: Option<IpAddr>,
    ) -> Result<TelemetrySocket<WebSocketStream<T>>, Error>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let settings = &*self.settings;
        let mut scope = None;
        let config = Some(config(settings));
        let handshake = Handshake {
            settings,
            scope: &mut scope,
        };
        let socket =
            tokio_tungstenite::accept_hdr_async_with_config(stream, handshake, config).await?;
        let scope = scope.unwrap_or_else(Scope::snapshot);
        Ok(self.begin(socket, scope, client))
    }

    /// Begins to follow a connection whose handshake the application has answered itself, by
    /// the request that it had. Needs the feature `tungstenite`.
    pub fn accepted<T, B>(
        &self,
        socket: WebSocketStream<T>,
        request: &Request<B>,
        client: Option<IpAddr>,
    ) -> TelemetrySocket<WebSocketStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let labels = &self.settings.labels;
        let scope = handshake::open_scope(labels, request.uri().path(), request.headers());
        self.begin(socket, scope, client)
    }

    fn begin<T>(
        &self,
        socket: WebSocketStream<T>,
        scope: Scope,
        client: Option<IpAddr>,
    ) -> TelemetrySocket<WebSocketStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let client = client.map(|client| ClientIp(client.to_canonical()));
        let recording = Recording::new(Role::Server, None);
        TelemetrySocket::new(socket, scope, Arc::clone(&self.settings), recording, client)
    }
}

/// Looks at the request before it is answered.
struct Handshake<'a> {
    settings: &'a Settings,
    /// The scope of the connection, once there is one.
    scope: &'a mut Option<Scope>,
}

impl Callback for Handshake<'_> {
    #[expect(
        clippy::result_large_err,
        reason = "the error is tungstenite's, and made once a connection"
    )]
    fn on_request(
        self,
        request: &Request<()>,
        mut response: Response<()>,
    ) -> Result<Response<()>, ErrorResponse> {
        let (uri, headers) = (request.uri(), request.headers());
        let scope = handshake::open_scope(&self.settings.labels, uri.path(), headers);
        let refusal = refusal(self.settings, uri, headers);
        if let Some(mut refusal) = refusal {
            handshake::set_request_id(refusal.headers_mut(), &scope);
            return Err(refusal);
        }
        handshake::set_request_id(response.headers_mut(), &scope);
        *self.scope = Some(scope);
        Ok(response)
    }
}

fn refusal(settings: &Settings, uri: &Uri, headers: &HeaderMap) -> Option<ErrorResponse> {
    let tracker = settings.tracker.as_ref();
    let (status, body) = if !settings.origins.allow(uri, headers) {
        (StatusCode::FORBIDDEN, "Origin is not allowed")
    } else if tracker.is_some_and(|tracker| tracker.is_shut_down()) {
        (StatusCode::SERVICE_UNAVAILABLE, "Shutting down")
    } else {
        return None;
    };
    let mut response = ErrorResponse::new(Some(body.to_owned()));
    *response.status_mut() = status;
    Some(response)
}
