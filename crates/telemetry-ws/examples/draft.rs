//! A draft over a WebSocket, and a client that makes two picks:
//!
//! ```sh
//! NODE_ENV=prod LOG_LEVEL=DEBUG cargo run -p telemetry-ws --all-features --example draft
//! ```

use std::error::Error;
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use axum::{Extension, Router, routing::any};
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_core::{bind, names};
use telemetry_ws::{ConnectionTracker, TelemetrySocket, TelemetryUpgrade, WebSocketTelemetry};
use tokio::net::TcpListener;

async fn draft(ws: TelemetryUpgrade) -> Response {
    ws.on_upgrade(play)
}

async fn play(mut socket: TelemetrySocket<WebSocket>) {
    let handling = socket.handling();
    bind(names::USER_ID, 42); // as the session says
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(pick) = &message else {
            continue;
        };
        let answer = handling.handle(&message, answer(pick)).await;
        if socket.send(answer).await.is_err() {
            break;
        }
    }
}

async fn answer(pick: &str) -> Message {
    bind("pick", pick);
    tracing::info!("pick_made");
    Message::text("ok")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let telemetry = telemetry_otel::init()?;
    let connections = ConnectionTracker::new();
    let app = Router::new()
        .route("/ws/draft/{id}/", any(draft))
        .layer(Extension(
            WebSocketTelemetry::new()
                .with_message_spans(true)
                .with_idle_timeout(Duration::from_secs(60))
                .with_tracker(connections.clone()),
        ));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    telemetry_core::spawn(async move { axum::serve(listener, app).await });

    let url = format!("ws://{address}/ws/draft/12/");
    let (mut client, _) = tokio_tungstenite::connect_async(url).await?;
    for pick in ["Earthshaker", "Lina"] {
        client.send(pick.into()).await?;
        client.next().await.transpose()?;
    }
    telemetry_core::spawn(async move { while client.next().await.is_some() {} });
    connections.shutdown(Duration::from_secs(5)).await;
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
