//! The behaviour of the layer, through the public API.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod bodies;
mod cancellation;
mod clients;
mod completion;
mod concurrency;
mod context;
mod hooks;
mod hostile;
mod names;
#[cfg(feature = "client")]
mod outgoing;
mod over_tcp;
mod panics;
mod request_ids;
mod services;

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use telemetry_http::HttpTelemetryLayer;
use tower::ServiceExt as _;

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

fn request_id<B>(response: &Response<B>) -> &str {
    response.headers()["x-request-id"].to_str().unwrap()
}
