//! The client's address and query, when asked for.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Extension};
use axum::routing::get as on_get;
use telemetry_core::ClientIp;
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, TrustedProxies};

use crate::{get, send};

fn app(layer: HttpTelemetryLayer) -> Router {
    Router::new()
        .fallback(on_get(|client: Option<Extension<ClientIp>>| async move {
            client.map_or_else(|| "unknown".into(), |Extension(client)| client.to_string())
        }))
        .layer(layer)
}

fn request(forwarded_for: &str) -> http::Request<axum::body::Body> {
    let mut request = get("/?token=abc&page=2");
    let peer: SocketAddr = "10.1.2.3:4711".parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
        .headers_mut()
        .insert("x-forwarded-for", forwarded_for.parse().unwrap());
    request
}

#[tokio::test]
async fn what_a_client_says_about_itself_is_not_logged_unless_asked_for() {
    let logs = capture_logs();
    let response = send(&app(HttpTelemetryLayer::new()), request("198.51.100.1")).await;
    assert_eq!(
        response.body(),
        "10.1.2.3",
        "a handler may know the socket's address"
    );
    let line = logs.single("request_completed").line;
    for secret in ["10.1.2.3", "198.51.100.1", "token", "page"] {
        assert!(!line.contains(secret), "{line}");
    }
}

#[tokio::test]
async fn the_clients_address_is_logged_when_asked_for() {
    let logs = capture_logs();
    let layer = HttpTelemetryLayer::new().with_client_ip(true);
    send(&app(layer.clone()), request("198.51.100.1")).await;
    assert_eq!(logs.single("request_completed")["client_ip"], "10.1.2.3");

    let logs = capture_logs();
    let layer = layer.with_trusted_proxies(TrustedProxies::new(["10.0.0.0/8"]).unwrap());
    let response = send(&app(layer), request("198.51.100.1")).await;
    assert_eq!(response.body(), "198.51.100.1");
    assert_eq!(
        logs.single("request_completed")["client_ip"],
        "198.51.100.1"
    );
}

#[tokio::test]
async fn outside_of_axum_the_address_of_the_socket_may_stand_by_itself() {
    let mut request = get("/");
    let peer: SocketAddr = "[2001:db8::1]:1".parse().unwrap();
    request.extensions_mut().insert(peer);
    let response = send(&app(HttpTelemetryLayer::new()), request).await;
    assert_eq!(response.body(), "2001:db8::1");
    assert_eq!(
        send(&app(HttpTelemetryLayer::new()), get("/")).await.body(),
        "unknown"
    );
}

#[tokio::test]
async fn the_query_is_logged_without_secrets_when_asked_for() {
    let logs = capture_logs();
    let layer = HttpTelemetryLayer::new().with_query(true);
    send(&app(layer.clone()), request("x")).await;
    assert_eq!(
        logs.single("request_completed")["url.query"],
        "token=[redacted]&page=2"
    );
    send(&app(layer), get("/")).await;
    assert!(logs.events()[1].get("url.query").is_none());
}
