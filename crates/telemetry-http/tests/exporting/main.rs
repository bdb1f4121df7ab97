//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "client")]
mod client_failures;
#[cfg(feature = "client")]
mod client_peers;
#[cfg(feature = "client")]
mod client_spans;
#[cfg(feature = "client")]
mod client_traces;
#[cfg(feature = "client")]
mod network;
mod server_failures;
mod server_metrics;
mod server_spans;
mod server_traces;
mod standard_names;

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use opentelemetry::Value;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::{CapturedSpan, Measurement};
use tower::ServiceExt as _;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// The header of a trace that comes in, with these flags.
fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// A request without a body.
fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

fn get(path: &str) -> Request<Body> {
    request("GET", path)
}

/// Sends a request and reads the body to its end.
async fn send(app: &Router, request: Request<Body>) -> Response<String> {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(bytes.to_vec()).unwrap())
}

/// The router with the layer as it comes.
fn with_telemetry(router: Router) -> Router {
    router.layer(HttpTelemetryLayer::new())
}

/// The address of the peer, as axum leaves it.
fn from_peer(mut request: Request<Body>) -> Request<Body> {
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(peer));
    request
}

/// The attributes of a span by name, each of which it has once.
fn attributes(span: &CapturedSpan) -> Vec<(&str, Value)> {
    sorted(&span.attributes)
}

/// The attributes of a measurement by name.
fn dimensions(measurement: &Measurement) -> Vec<(&str, Value)> {
    sorted(&measurement.attributes)
}

fn sorted(attributes: &[(String, Value)]) -> Vec<(&str, Value)> {
    let attributes = attributes.iter();
    let mut attributes: Vec<_> = attributes
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    attributes.sort_by_key(|(key, _)| *key);
    let count = attributes.len();
    attributes.dedup_by_key(|(key, _)| *key);
    assert_eq!(attributes.len(), count, "a key is there twice");
    attributes
}
