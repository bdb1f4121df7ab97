//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod message_spans;
mod metrics;

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::Request;
use axum::extract::ws::WebSocket;
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use axum::{Extension, Router};
use telemetry_core::{FutureExt as _, Scope, names};
use telemetry_ws::{ConnectionTracker, TelemetrySocket, TelemetryUpgrade, WebSocketTelemetry};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Socket = TelemetrySocket<WebSocket>;

const SOON: Duration = Duration::from_secs(60);
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// Serves `handler` at `/ws/draft/{id}/`, for a request whose user is 42.
async fn serve<H, F>(handler: H) -> (SocketAddr, ConnectionTracker)
where
    H: Fn(Socket) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let tracker = ConnectionTracker::new();
    let telemetry = WebSocketTelemetry::new()
        .with_tracker(tracker.clone())
        .with_message_spans(true);
    let upgrade = async move |ws: TelemetryUpgrade| ws.on_upgrade(handler);
    let router = Router::new()
        .route("/ws/draft/{id}/", any(upgrade))
        .layer(Extension(telemetry))
        .layer(from_fn(async |request: Request, next: Next| {
            let scope = Scope::builder().field(names::USER_ID, 42).build();
            next.run(request).in_scope(scope).await
        }));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry_core::spawn(async move { axum::serve(listener, router).await });
    (address, tracker)
}

/// Connects as part of a trace, with these flags.
async fn connect(address: SocketAddr, flags: &str) -> Client {
    let url = format!("ws://{address}/ws/draft/12/");
    let mut request = url.into_client_request().unwrap();
    let headers = request.headers_mut();
    headers.insert("x-request-id", "abc-123".parse().unwrap());
    let trace = format!("00-{TRACE}-{PARENT}-{flags}").parse().unwrap();
    headers.insert("traceparent", trace);
    let (client, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    client
}
