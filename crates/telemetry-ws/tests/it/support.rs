//! A server, its clients, and one that speaks in raw frames.

mod raw;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::ws::{Message as ServerMessage, WebSocket};
use axum::routing::any;
use axum::{Extension, Router};
use futures_util::StreamExt as _;
use telemetry_core::testing::{CapturedEvent, LogCapture, capture_logs};
use telemetry_ws::{ConnectionTracker, TelemetrySocket, TelemetryUpgrade, WebSocketTelemetry};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) use raw::{Frame, Raw, close, masked};
pub(crate) use tokio_tungstenite::tungstenite::Message;

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;
pub(crate) type Socket = TelemetrySocket<WebSocket>;

/// How long anything may take that does not hang.
pub(crate) const SOON: Duration = Duration::from_secs(60);

/// A server with one route and the lines that it writes.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) tracker: ConnectionTracker,
    pub(crate) logs: LogCapture,
}

impl Server {
    /// Serves `handler` at `/ws/draft/{id}/`.
    pub(crate) async fn start<H, F>(handler: H) -> Self
    where
        H: Fn(Socket) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::start_with(WebSocketTelemetry::new(), handler).await
    }

    pub(crate) async fn start_with<H, F>(telemetry: WebSocketTelemetry, handler: H) -> Self
    where
        H: Fn(Socket) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let logs = capture_logs();
        let tracker = ConnectionTracker::new();
        let upgrade = async move |ws: TelemetryUpgrade| ws.on_upgrade(handler);
        let router = Router::new()
            .route("/ws/draft/{id}/", any(upgrade))
            .layer(Extension(telemetry.with_tracker(tracker.clone())));
        Self {
            address: serve(router).await,
            tracker,
            logs,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        connect(self.address, "/ws/draft/12/").await
    }

    pub(crate) async fn connect_raw(&self) -> Raw {
        Raw::connect(self.address, "/ws/draft/12/", "").await
    }

    /// Waits until the one connection is closed and its handler has ended; gives its last
    /// line.
    pub(crate) async fn ended(&self) -> CapturedEvent {
        self.logs.wait_for("ws_disconnected").await;
        assert_eq!(self.tracker.shutdown(SOON).await, 0, "a handler was left");
        assert_eq!(self.tracker.open_connections(), 0);
        let connected = self.logs.single("ws_connected");
        let end = self.logs.single("ws_disconnected");
        assert_eq!(end["ws.conn_id"], connected["ws.conn_id"]);
        end
    }
}

/// Serves the router on a port of its own until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router.into_make_service_with_connect_info::<SocketAddr>();
    telemetry_core::spawn(async move { axum::serve(listener, app).await });
    address
}

pub(crate) async fn connect(address: SocketAddr, path: &str) -> Client {
    let url = format!("ws://{address}{path}");
    let (client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    client
}

/// Reads to the end; gives the code of the close frame, if there was one.
pub(crate) async fn close_code(client: &mut Client) -> Option<u16> {
    let mut code = None;
    while let Some(Ok(message)) = soon(client.next()).await {
        if let Message::Close(Some(close)) = message {
            code = Some(close.code.into());
        }
    }
    code
}

pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(SOON, future)
        .await
        .unwrap_or_else(|_| panic!("it hangs"))
}

/// Sends back what it gets.
pub(crate) async fn echo(mut socket: Socket) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, ServerMessage::Text(_) | ServerMessage::Binary(_))
            && socket.send(message).await.is_err()
        {
            break;
        }
    }
}
