//! Outgoing requests when nothing exports.

use std::net::SocketAddr;

use axum::Router;
use axum::routing::get as on_get;
use http::HeaderMap;
use reqwest_middleware::ClientBuilder;
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpClientTelemetry;
use tokio::net::TcpListener;

use crate::{get, send, with_telemetry};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A server that tells the headers that arrive.
async fn echo() -> SocketAddr {
    let answer = async |headers: HeaderMap| format!("{headers:?}");
    let router = Router::new().route("/", on_get(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry_core::spawn(async move { axum::serve(listener, router).await });
    address
}

/// An application that asks the server.
fn asking(address: SocketAddr) -> Router {
    // An error says that there is one already.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    let client = ClientBuilder::new(plain)
        .with(HttpClientTelemetry::new())
        .build();
    let ask = async move || {
        let response = client
            .get(format!("http://{address}/"))
            .send()
            .await
            .unwrap();
        response.text().await.unwrap()
    };
    with_telemetry(Router::new().route("/ask", on_get(ask)))
}

#[tokio::test]
async fn a_trace_passes_through_when_nothing_exports() {
    let logs = capture_logs();
    let app = asking(echo().await);
    let mut request = get("/ask");
    for (name, value) in [
        ("traceparent", TRACEPARENT),
        ("tracestate", "a=1"),
        ("x-request-id", "abc-123"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let arrived = send(&app, request).await.into_body();
    assert!(
        arrived.contains(&format!(r#""traceparent": "{TRACEPARENT}""#)),
        "{arrived}"
    );
    assert!(arrived.contains(r#""tracestate": "a=1""#), "{arrived}");
    assert!(
        arrived.contains(r#""x-request-id": "abc-123""#),
        "{arrived}"
    );
    // The client writes no line.
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn no_trace_begins_when_nothing_exports() {
    let app = asking(echo().await);
    let arrived = send(&app, get("/ask")).await.into_body();
    assert!(!arrived.contains("traceparent"), "{arrived}");
    assert!(arrived.contains("x-request-id"), "{arrived}");
}
