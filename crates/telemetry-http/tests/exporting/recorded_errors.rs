//! Errors that a handler records of its response, as spans and metrics have them.

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use http::{Response, StatusCode};
use opentelemetry::Value;
use opentelemetry::trace::Status;
use telemetry_http::RecordedError;
use telemetry_otel::testing::{CapturedSpan, capture_metrics, capture_spans};

use crate::{get, send, with_telemetry};

const DURATION: &str = "http.server.request.duration";

/// An application that answers each request so.
fn answering(status: u16, error: RecordedError) -> Router {
    let answer = async move || {
        let mut response = Response::new(Body::from("{}"));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        response.extensions_mut().insert(error.clone());
        response
    };
    with_telemetry(Router::new().route("/", on_get(answer)))
}

/// The messages of the `exception` events, none of which is later than the end of the span.
fn exceptions(span: &CapturedSpan) -> Vec<String> {
    let messages = span.events.iter().map(|event| {
        assert_eq!(event.name, "exception");
        assert!(event.timestamp <= span.end, "{span:?}");
        event["exception.message"].to_string()
    });
    messages.collect()
}

#[tokio::test]
async fn an_error_below_500_is_an_exception_of_a_span_that_has_not_failed() {
    for status in [200, 304, 307, 404, 499] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let error = RecordedError::message("no standings").with_error_type("NO_STANDINGS");
        send(&answering(status, error), get("/")).await;
        let span = spans.single("GET /");
        assert_eq!(span.status, Status::Unset, "{status}");
        assert_eq!(span.get("error.type"), None, "{status}");
        assert_eq!(exceptions(&span), ["no standings"], "{status}");
        assert_eq!(metrics.single(DURATION).get("error.type"), None, "{status}");
    }
}

#[tokio::test]
async fn an_error_that_marks_its_request_fails_the_span_and_the_measurement() {
    for (status, error_type, expected) in [
        (200, Some("GRAPHQL_VALIDATION"), "GRAPHQL_VALIDATION"),
        (200, None, "_OTHER"),
        (304, None, "_OTHER"),
        (404, Some("NO_TENANT"), "NO_TENANT"),
        (503, None, "503"),
        (503, Some("OVERLOADED"), "OVERLOADED"),
    ] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let mut error = RecordedError::message("no such field").failing();
        if let Some(error_type) = error_type {
            error = error.with_error_type(error_type);
        }
        send(&answering(status, error), get("/")).await;
        let span = spans.single("GET /");
        assert_eq!(span.status, Status::error("no such field"), "{status}");
        assert_eq!(span["error.type"], Value::from(expected), "{status}");
        assert_eq!(span["http.response.status_code"], Value::I64(status.into()));
        assert_eq!(exceptions(&span), ["no such field"], "{status}");
        let duration = metrics.single(DURATION);
        assert_eq!(duration.get("error.type"), span.get("error.type"));
    }
}

#[tokio::test]
async fn the_client_that_leaves_does_not_take_the_error_away() {
    let spans = capture_spans();
    let app = answering(200, RecordedError::message("no standings"));
    drop(tower::ServiceExt::oneshot(app, get("/")).await.unwrap());
    let span = spans.single("GET /");
    assert_eq!(span["error.type"], Value::from("cancelled"));
    let both = ["no standings", "cancelled: dropped before it ended"];
    assert_eq!(exceptions(&span), both);
}
