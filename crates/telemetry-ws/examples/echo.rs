//! Sends back what it gets: `/bare` on axum's own socket, `/followed` on the one that is
//! followed, and tokio-tungstenite's likewise on the next two ports. For conformance suites,
//! such as Autobahn's:
//!
//! ```sh
//! cargo run --release -p telemetry-ws --all-features --example echo 127.0.0.1:9001
//! ```

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::{Router, routing::any};
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_ws::{TelemetryUpgrade, WebSocketTelemetry};
use tokio::net::TcpListener;

async fn bare(ws: WebSocketUpgrade) -> Response {
    ws.on_upgrade(|mut socket: WebSocket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_) | Message::Binary(_))
                && socket.send(message).await.is_err()
            {
                break;
            }
        }
    })
}

async fn followed(ws: TelemetryUpgrade) -> Response {
    ws.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Text(_) | Message::Binary(_))
                && socket.send(message).await.is_err()
            {
                break;
            }
        }
    })
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:9001");
    let listener = TcpListener::bind(address).await?;
    let next = |by| {
        let mut next = listener.local_addr()?;
        next.set_port(next.port() + by);
        std::io::Result::Ok(next)
    };
    let bare_tungstenite = TcpListener::bind(next(1)?).await?;
    let followed_tungstenite = TcpListener::bind(next(2)?).await?;
    telemetry_core::spawn(async move {
        while let Ok((stream, _)) = bare_tungstenite.accept().await {
            telemetry_core::spawn(async move {
                let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else {
                    return;
                };
                while let Some(Ok(message)) = socket.next().await {
                    let is_data = message.is_text() || message.is_binary();
                    if is_data && socket.send(message).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    telemetry_core::spawn(async move {
        let telemetry = WebSocketTelemetry::new();
        while let Ok((stream, peer)) = followed_tungstenite.accept().await {
            let telemetry = telemetry.clone();
            telemetry_core::spawn(async move {
                let Ok(socket) = telemetry.accept(stream, Some(peer.ip())).await else {
                    return;
                };
                socket
                    .run(|mut socket| async move {
                        while let Some(Ok(message)) = socket.recv().await {
                            let is_data = message.is_text() || message.is_binary();
                            if is_data && socket.send(message).await.is_err() {
                                break;
                            }
                        }
                    })
                    .await;
            });
        }
    });
    let app = Router::new()
        .route("/bare", any(bare))
        .route("/followed", any(followed));
    axum::serve(listener, app).await
}
