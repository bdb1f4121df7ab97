//! Clients of tokio-tungstenite.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::Injector;
use telemetry_core::{Scope, propagation};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::handshake;
use crate::recording::{Recording, Role};
use crate::settings::WebSocketTelemetry;
use crate::socket::TelemetrySocket;
use crate::tungstenite::config;

/// A connection of a client, with the server's answer to its handshake.
type Connected<T> = (TelemetrySocket<WebSocketStream<T>>, Response);

impl WebSocketTelemetry {
    /// Connects to a server and follows the connection. Needs the feature `tungstenite`.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), tokio_tungstenite::tungstenite::Error> {
    /// use telemetry_ws::WebSocketTelemetry;
    ///
    /// let (mut socket, _) = WebSocketTelemetry::new()
    ///     .connect("ws://127.0.0.1:9000/ws/draft/12/")
    ///     .await?;
    /// socket.send("hello".into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The handshake carries on the trace, and the request id as `X-Request-ID`. The
    /// connection belongs to the unit of work that makes it: it has a snapshot of its
    /// context, and a `ws.conn_id` of its own.
    ///
    /// # Errors
    ///
    /// Those of `tokio_tungstenite::connect_async`.
    pub async fn connect<R>(
        &self,
        request: R,
    ) -> Result<Connected<MaybeTlsStream<TcpStream>>, Error>
    where
        R: IntoClientRequest + Unpin,
    {
        let (request, scope) = self.prepare(request)?;
        let config = Some(config(&self.settings));
        let (socket, response) =
            tokio_tungstenite::connect_async_with_config(request, config, false).await?;
        Ok((self.begin_client(socket, scope), response))
    }

    /// Connects as [`connect`](Self::connect) does, over a stream that there is, such as one
    /// of TLS. Needs the feature `tungstenite`.
    ///
    /// # Errors
    ///
    /// Those of `tokio_tungstenite::client_async`.
    pub async fn connect_over<R, T>(&self, request: R, stream: T) -> Result<Connected<T>, Error>
    where
        R: IntoClientRequest + Unpin,
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (request, scope) = self.prepare(request)?;
        let config = Some(config(&self.settings));
        let (socket, response) =
            tokio_tungstenite::client_async_with_config(request, stream, config).await?;
        Ok((self.begin_client(socket, scope), response))
    }

    /// Opens the scope of a connection and puts what crosses into its request.
    #[expect(
        clippy::result_large_err,
        reason = "the error is tungstenite's, and made once a connection"
    )]
    fn prepare(&self, request: impl IntoClientRequest) -> Result<(Request, Scope), Error> {
        let mut request = request.into_client_request()?;
        let path = request.uri().path();
        let scope = handshake::open_scope(&self.settings.labels, path, request.headers());
        let headers = request.headers_mut();
        handshake::set_request_id(headers, &scope);
        scope.in_scope(|| propagation::inject(&Context::current(), &mut Headers(headers)));
        Ok((request, scope))
    }

    fn begin_client<T>(
        &self,
        socket: WebSocketStream<T>,
        scope: Scope,
    ) -> TelemetrySocket<WebSocketStream<T>>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let recording = Recording::new(Role::Client, None);
        TelemetrySocket::new(socket, scope, Arc::clone(&self.settings), recording, None)
    }
}

/// Headers as propagators write them.
struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        // What is no header is left out.
        if let (Ok(name), Ok(value)) = (key.parse::<HeaderName>(), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}
