//! Requests that `without_recording_for` leaves out of spans and metrics.

use axum::Router;
use axum::routing::get as on_get;
use http::StatusCode;
use opentelemetry::global;
use opentelemetry::trace::{Span as _, Tracer as _};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::{PARENT, TRACE, get, send, traceparent};

const DURATION: &str = "http.server.request.duration";
const ACTIVE: &str = "http.server.active_requests";

fn router() -> Router {
    let ready = || async { global::tracer("handler").start("ping").end() };
    let games = Router::new().route("/healthz", on_get(|| async {}));
    Router::new()
        .route("/readyz", on_get(ready))
        .route("/fail", on_get(|| async { StatusCode::BAD_GATEWAY }))
        .route("/panic", on_get(|| async { panic!("on purpose") as () }))
        .route("/other", on_get(|| async {}))
        .nest("/games", games)
}

fn layer() -> HttpTelemetryLayer {
    HttpTelemetryLayer::new().without_recording_for(["/readyz", "/fail", "/panic/"])
}

#[tokio::test]
async fn a_path_without_recording_has_no_span_and_no_metrics() {
    let app = router().layer(layer().without_recording_for(["/games/healthz"]));
    for path in [
        "/fail",
        "/fail/",
        "/panic",
        "/fail?verbose",
        "/games/healthz",
    ] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let logs = capture_logs();
        send(&app, get(path)).await;
        assert_eq!(spans.tree(), "", "{path}");
        assert!(metrics.values(DURATION).is_empty(), "{path}");
        assert!(metrics.values(ACTIVE).is_empty(), "{path}");
        // Its line stays.
        let is_failure = !["/games/healthz", "/fail/"].contains(&path);
        let event = ["request_completed", "request_failed"][usize::from(is_failure)];
        assert!(logs.single(event).get("request.id").is_some(), "{path}");
    }
}

#[tokio::test]
async fn other_paths_are_recorded() {
    let app = router().layer(layer());
    for path in ["/other", "/readyz/more", "/games/healthz"] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        send(&app, get(path)).await;
        assert_eq!(spans.spans().len(), 1, "{path}");
        assert_eq!(metrics.values(DURATION).len(), 1, "{path}");
    }
}

#[tokio::test]
async fn a_trace_that_comes_in_goes_on_beneath_its_caller() {
    let (spans, logs) = (capture_spans(), capture_logs());
    let mut request = get("/readyz");
    let header = traceparent("01").parse().unwrap();
    request.headers_mut().insert("traceparent", header);
    send(&router().layer(layer()), request).await;
    let ping = spans.single("ping");
    assert_eq!(ping.trace_id, TRACE);
    assert_eq!(ping.parent_span_id.as_deref(), Some(PARENT));
    assert_eq!(spans.spans().len(), 1);
    let line = logs.single("request_completed");
    assert_eq!(line["trace_id"], TRACE);
    assert_eq!(line["span_id"], PARENT);
}

#[tokio::test]
async fn without_a_trace_the_handlers_spans_begin_their_own() {
    let spans = capture_spans();
    send(&router().layer(layer()), get("/readyz")).await;
    assert_eq!(spans.tree(), "ping\n");
    assert_eq!(spans.single("ping").parent_span_id, None);
}

#[tokio::test]
async fn a_public_endpoint_continues_no_trace_of_a_stranger_without_recording() {
    for flags in ["00", "01"] {
        let spans = capture_spans();
        let mut request = get("/readyz");
        let header = traceparent(flags).parse().unwrap();
        request.headers_mut().insert("traceparent", header);
        let app = router().layer(layer().with_public_endpoint(true));
        send(&app, request).await;
        let ping = spans.single("ping");
        assert_ne!(ping.trace_id, TRACE);
        assert_eq!(ping.parent_span_id, None);
    }
}
