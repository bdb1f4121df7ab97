//! The names of the fields, by vocabulary.

use axum::Router;
use axum::routing::get as on_get;
use telemetry_core::HttpNames;
use telemetry_core::testing::{CapturedEvent, capture_logs};
use telemetry_http::HttpTelemetryLayer;

use crate::{get, send};

async fn completion(names: HttpNames, path: &str) -> CapturedEvent {
    let logs = capture_logs();
    let app = Router::new()
        .route("/api/teams/{id}/", on_get(|| async { "ok" }))
        .layer(HttpTelemetryLayer::new().with_names(names));
    send(&app, get(path)).await;
    logs.single("request_completed")
}

/// The fields that are the layer's own, without the duration.
fn own_fields(event: &CapturedEvent) -> Vec<String> {
    event
        .fields
        .iter()
        .take_while(|(key, _)| key != "request.id")
        .filter(|(key, _)| key != "duration_ms")
        .map(|(key, value)| format!("{key}={value}"))
        .collect()
}

#[tokio::test]
async fn the_classic_names_have_the_path_as_the_route() {
    let event = completion(HttpNames::Classic, "/api/teams/3/").await;
    assert_eq!(
        own_fields(&event),
        [
            "http.method=GET",
            "http.route=/api/teams/3/",
            "http.status_code=200"
        ]
    );
}

#[tokio::test]
async fn the_stable_names_have_the_template_as_the_route() {
    let event = completion(HttpNames::Stable, "/api/teams/3/").await;
    assert_eq!(
        own_fields(&event),
        [
            "http.request.method=GET",
            "http.route=/api/teams/{id}/",
            "url.path=/api/teams/3/",
            "http.response.status_code=200"
        ]
    );
}

#[tokio::test]
async fn both_names_share_the_template() {
    let event = completion(HttpNames::Both, "/api/teams/3/").await;
    assert_eq!(
        own_fields(&event),
        [
            "http.method=GET",
            "http.request.method=GET",
            "http.route=/api/teams/{id}/",
            "url.path=/api/teams/3/",
            "http.status_code=200",
            "http.response.status_code=200"
        ]
    );
}

#[tokio::test]
async fn a_request_that_matched_no_route_has_no_template() {
    let event = completion(HttpNames::Stable, "/api/teams/").await;
    assert_eq!(
        own_fields(&event),
        [
            "http.request.method=GET",
            "url.path=/api/teams/",
            "http.response.status_code=404"
        ]
    );
}
