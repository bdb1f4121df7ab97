//! Requests in process, for both binaries of tests.

use axum::Router;
use axum::body::Body;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use telemetry_http::HttpTelemetryLayer;
use tower::ServiceExt as _;

/// A request without a body.
pub(crate) fn request(method: &str, path: &str) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(Body::empty())
        .unwrap()
}

/// A request for a path.
pub(crate) fn get(path: &str) -> Request<Body> {
    request("GET", path)
}

/// Sends a request and reads the body to its end.
pub(crate) async fn send(app: &Router, request: Request<Body>) -> Response<String> {
    let response = app.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, String::from_utf8(bytes.to_vec()).unwrap())
}

/// The router with the layer as it comes.
pub(crate) fn with_telemetry(router: Router) -> Router {
    router.layer(HttpTelemetryLayer::new())
}
