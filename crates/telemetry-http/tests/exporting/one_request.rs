//! The span of a request that meets several layers.

use axum::Router;
use axum::routing::get as on_get;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::capture_spans;

use crate::between::applications;
use crate::{get, send};

#[tokio::test]
async fn a_request_has_one_span_whatever_stands_between_two_layers() {
    for (between, app) in applications() {
        let spans = capture_spans();
        send(&app, get("/api/games/1/")).await;
        let spans = spans.spans();
        assert_eq!(spans.len(), 1, "{between}: {spans:#?}");
        assert_eq!(spans[0]["url.path"], "/api/games/1/", "{between}");
    }
}

#[tokio::test]
async fn the_span_of_a_nested_layer_has_the_whole_target() {
    let spans = capture_spans();
    let games = Router::new().route("/games/{id}/", on_get(|| async { "ok" }));
    let layer = HttpTelemetryLayer::new().with_query(true);
    let app = Router::new().nest("/api", games.layer(layer));
    send(&app, get("https://dtx.example/api/games/1/?page=2")).await;
    let span = spans.single("GET /api/games/{id}/");
    assert_eq!(span["url.path"], "/api/games/1/");
    assert_eq!(span["url.query"], "page=2");
    assert_eq!(span["url.scheme"], "https");
    assert_eq!(span["server.address"], "dtx.example");
    assert_eq!(span["game.id"], 1);
}
