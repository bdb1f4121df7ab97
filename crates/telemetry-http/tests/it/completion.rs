//! The one line at the end of each request.

use axum::Router;
use axum::routing::{get as on_get, post};
use http::StatusCode;
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, RecordedError};
use tracing::Level;

use crate::{get, request, request_id, send, with_telemetry};

#[tokio::test]
async fn a_request_ends_with_one_line() {
    let logs = capture_logs();
    let app =
        with_telemetry(Router::new().route("/api/tournaments/{id}/", on_get(|| async { "ok" })));
    let response = send(&app, get("/api/tournaments/5/?page=2")).await;
    assert_eq!(response.body(), "ok");

    let event = logs.single("request_completed");
    assert_eq!(event.level, Level::INFO);
    assert_eq!(event.logger, "telemetry_http");
    assert_eq!(
        event.keys().collect::<Vec<_>>(),
        [
            "http.method",
            "http.route",
            "http.status_code",
            "duration_ms",
            "request.id",
            "labels",
            "tournament.id"
        ]
    );
    assert_eq!(event["http.method"], "GET");
    assert_eq!(event["http.route"], "/api/tournaments/5/");
    assert_eq!(event["http.status_code"], 200);
    let duration = event["duration_ms"].as_f64().unwrap();
    assert!((0.0..10_000.0).contains(&duration));
    assert_eq!(event["request.id"], request_id(&response));
    assert_eq!(event["labels"], ["tournament"]);
    assert_eq!(event["tournament.id"], 5);
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn errors_of_the_client_are_completions() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route("/a", post(|| async {})));
    for (request, status) in [(get("/nothing"), 404), (get("/a"), 405)] {
        let response = send(&app, request).await;
        assert_eq!(response.status(), status);
        assert!(!request_id(&response).is_empty());
    }
    let statuses: Vec<_> = logs
        .named("request_completed")
        .iter()
        .map(|event| event["http.status_code"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [404, 405]);
}

#[tokio::test]
async fn an_error_of_the_server_is_a_failure() {
    let logs = capture_logs();
    let app =
        with_telemetry(Router::new().route("/", on_get(|| async { StatusCode::BAD_GATEWAY })));
    send(&app, get("/")).await;
    let event = logs.single("request_failed");
    assert_eq!(event.level, Level::ERROR);
    assert_eq!(event["http.status_code"], 502);
    assert!(event.get("error").is_none());
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_failure_carries_the_error_that_the_handler_gave() {
    async fn fails() -> (axum::Extension<()>, axum::response::Response) {
        let error = std::io::Error::other(Unreachable);
        let mut response = http::Response::new("sorry".into());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
            .extensions_mut()
            .insert(RecordedError::new(&Outer(error)));
        (axum::Extension(()), response)
    }
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route("/", on_get(fails)));
    let response = send(&app, get("/")).await;
    assert_eq!(response.body(), "sorry");
    let event = logs.single("request_failed");
    assert_eq!(event["error"], "not saved");
    assert_eq!(
        event["exception"],
        "not saved\ncaused by: database unreachable"
    );
}

#[tokio::test]
async fn an_error_without_causes_has_no_exception() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/",
        on_get(|| async {
            let mut response = http::Response::new(axum::body::Body::empty());
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            response
                .extensions_mut()
                .insert(RecordedError::message("no capacity"));
            response
        }),
    ));
    send(&app, get("/")).await;
    let event = logs.single("request_failed");
    assert_eq!(event["error"], "no capacity");
    assert!(event.get("exception").is_none());
}

#[tokio::test]
async fn a_head_request_completes() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route("/", on_get(|| async { "not sent" })));
    send(&app, request("HEAD", "/")).await;
    let event = logs.single("request_completed");
    assert_eq!(event["http.method"], "HEAD");
}

#[tokio::test]
async fn paths_can_be_left_out_unless_they_fail() {
    let logs = capture_logs();
    let router = Router::new()
        .route("/healthz", on_get(|| async { "ok" }))
        .route(
            "/readyz/",
            on_get(|| async { StatusCode::SERVICE_UNAVAILABLE }),
        )
        .route("/crash", on_get(|| async { panic!("on purpose") as () }))
        .route("/healthzzz", on_get(|| async { "ok" }));
    let app = router.layer(HttpTelemetryLayer::new().without_lines_for([
        "/healthz/",
        "/readyz",
        "/crash",
    ]));

    let response = send(&app, get("/healthz")).await;
    assert!(!request_id(&response).is_empty());
    assert_eq!(logs.events().len(), 0);
    send(&app, get("/healthzzz")).await;
    assert_eq!(logs.single("request_completed")["http.route"], "/healthzzz");

    // A failure is never routine.
    for (path, status) in [("/readyz/", 503), ("/crash", 500)] {
        send(&app, get(path)).await;
        let event = logs.events().pop().unwrap();
        assert_eq!(event.event, "request_failed");
        assert_eq!(event["http.route"], path);
        assert_eq!(event["http.status_code"], status);
    }
}

#[derive(Debug)]
struct Unreachable;

impl std::fmt::Display for Unreachable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("database unreachable")
    }
}

impl std::error::Error for Unreachable {}

#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not saved")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}
