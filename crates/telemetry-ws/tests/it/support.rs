//! A server and its clients.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::ws::{Message as ServerMessage, WebSocket};
use telemetry_ws::TelemetrySocket;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

pub(crate) use tokio_tungstenite::tungstenite::Message;

pub(crate) type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

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

/// Sends back what it gets.
pub(crate) async fn echo(mut socket: TelemetrySocket<WebSocket>) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, ServerMessage::Text(_) | ServerMessage::Binary(_))
            && socket.send(message).await.is_err()
        {
            break;
        }
    }
}
