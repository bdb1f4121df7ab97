//! The names of the fields, by vocabulary.

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use axum::routing::get as on_get;
use telemetry_core::HttpNames;
use telemetry_core::testing::{CapturedEvent, capture_logs};
use telemetry_http::{HttpTelemetryLayer, RecordedError};

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

/// The own fields of the line of a request that fails.
async fn failure(names: HttpNames) -> Vec<String> {
    let logs = capture_logs();
    let fail = || async {
        let error = RecordedError::new(&std::io::Error::other("no seats left"));
        let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
        response.extensions_mut().insert(error);
        response
    };
    let app = Router::new()
        .route("/seats/", on_get(fail))
        .layer(HttpTelemetryLayer::new().with_names(names));
    send(&app, get("/seats/")).await;
    let event = logs.single("request_failed");
    let mut fields = own_fields(&event);
    fields.retain(|field| !field.starts_with("http.") && !field.starts_with("url."));
    fields
}

#[tokio::test]
async fn the_error_has_one_name_by_the_vocabulary_and_no_other_extends_it() {
    assert_eq!(failure(HttpNames::Classic).await, ["error=no seats left"]);
    assert_eq!(
        failure(HttpNames::Stable).await,
        ["error.message=no seats left", "error.type=503"]
    );
    assert_eq!(failure(HttpNames::Both).await, ["error=no seats left"]);
}

#[tokio::test]
async fn an_error_that_the_application_bound_is_kept_beside_the_stable_names() {
    for (bound, kept) in [("error", "field.error"), ("error.type", "field.error.type")] {
        let logs = capture_logs();
        let fail = move || async move {
            telemetry_core::bind(bound, "mine");
            StatusCode::INTERNAL_SERVER_ERROR
        };
        let app = Router::new()
            .route("/seats/", on_get(fail))
            .layer(HttpTelemetryLayer::new().with_names(HttpNames::Stable));
        send(&app, get("/seats/")).await;
        let event = logs.single("request_failed");
        assert_eq!(event["error.type"], "500");
        assert_eq!(event[kept], "mine");
        assert_eq!(event.get("error"), None);
    }
}
