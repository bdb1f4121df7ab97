//! A server span's place in the trace.

use axum::Router;
use axum::routing::get as on_get;
use opentelemetry::global;
use opentelemetry::trace::{Span as _, SpanKind, TraceContextExt as _, Tracer as _};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::capture_spans;

use crate::{PARENT, TRACE, get, request, send, traceparent, with_telemetry};

/// Logs, starts a span of its own, and spawns a task that does too.
fn working() -> Router {
    let work = || async {
        tracing::info!("working");
        let tracer = global::tracer("handler");
        tracer.start("standings").end();
        let task = async { global::tracer("handler").start("task").end() };
        telemetry_core::spawn(task).await.unwrap();
    };
    Router::new().route("/api/teams/{id}/", on_get(work))
}

fn with_parent(flags: &str) -> http::Request<axum::body::Body> {
    let mut request = get("/api/teams/1/");
    let header = traceparent(flags).parse().unwrap();
    request.headers_mut().insert("traceparent", header);
    request
}

#[tokio::test]
async fn a_sampled_trace_is_continued() {
    let (spans, logs) = (capture_spans(), capture_logs());
    send(&with_telemetry(working()), with_parent("01")).await;
    assert_eq!(spans.tree(), "GET /api/teams/{id}/\n  standings\n  task\n");
    let span = spans.single("GET /api/teams/{id}/");
    assert_eq!(span.trace_id, TRACE);
    assert_eq!(span.parent_span_id.as_deref(), Some(PARENT));
    assert!(span.has_remote_parent);
    for event in ["working", "request_completed"] {
        let event = logs.single(event);
        assert_eq!(event["trace_id"], TRACE);
        assert_eq!(event["span_id"], *span.span_id);
    }
}

#[tokio::test]
async fn a_trace_that_is_not_sampled_goes_on_without_spans() {
    let (spans, logs) = (capture_spans(), capture_logs());
    send(&with_telemetry(working()), with_parent("00")).await;
    assert_eq!(spans.tree(), "");
    let events = [logs.single("working"), logs.single("request_completed")];
    for event in &events {
        assert_eq!(event["trace_id"], TRACE);
        // A span that is not recorded has its id all the same.
        assert_ne!(event["span_id"], PARENT);
        assert_eq!(event["span_id"], events[0]["span_id"]);
    }
}

#[tokio::test]
async fn a_request_without_a_trace_begins_one() {
    let (spans, logs) = (capture_spans(), capture_logs());
    let app = with_telemetry(working());
    send(&app, get("/api/teams/1/")).await;
    let span = spans.single("GET /api/teams/{id}/");
    assert_eq!(span.parent_span_id, None);
    assert_eq!(logs.single("working")["trace_id"], *span.trace_id);

    let spans = capture_spans();
    let mut broken = get("/api/teams/1/");
    let header = "00-zero".parse().unwrap();
    broken.headers_mut().insert("traceparent", header);
    send(&app, broken).await;
    assert_eq!(spans.single("GET /api/teams/{id}/").parent_span_id, None);
}

#[tokio::test]
async fn a_span_that_is_current_outside_is_not_the_parent() {
    let spans = capture_spans();
    let app = with_telemetry(working());
    let outside = global::tracer("test").start("outside");
    let context = opentelemetry::Context::new().with_span(outside);
    opentelemetry::trace::FutureExt::with_context(send(&app, get("/api/teams/1/")), context).await;
    assert_eq!(spans.single("GET /api/teams/{id}/").parent_span_id, None);
}

#[tokio::test]
async fn a_public_endpoint_links_to_the_trace_of_a_stranger() {
    for flags in ["00", "01"] {
        let (spans, logs) = (capture_spans(), capture_logs());
        let app = working().layer(HttpTelemetryLayer::new().with_public_endpoint(true));
        send(&app, with_parent(flags)).await;
        let span = spans.single("GET /api/teams/{id}/");
        assert_ne!(span.trace_id, TRACE);
        assert_eq!(span.parent_span_id, None);
        let [link] = &span.links[..] else {
            panic!("{span:?}")
        };
        assert_eq!(link.span_context.trace_id().to_string(), TRACE);
        assert_eq!(link.span_context.span_id().to_string(), PARENT);
        assert_eq!(spans.single("standings").trace_id, span.trace_id);
        assert_eq!(logs.single("request_completed")["trace_id"], *span.trace_id);
    }
}

#[tokio::test]
async fn requests_at_the_same_time_have_traces_of_their_own() {
    let spans = capture_spans();
    let app = with_telemetry(Router::new().route(
        "/{step}",
        on_get(|| async {
            for _ in 0..3 {
                tokio::task::yield_now().await;
                global::tracer("handler").start("step").end();
            }
        }),
    ));
    tokio::join!(
        send(&app, get("/a")),
        send(&app, get("/b")),
        send(&app, request("PUT", "/c"))
    );
    let all = spans.spans();
    for server in all.iter().filter(|span| span.kind == SpanKind::Server) {
        let beneath = all
            .iter()
            .filter(|span| span.parent_span_id.as_ref() == Some(&server.span_id));
        let count = beneath
            .filter(|span| span.trace_id == server.trace_id)
            .count();
        assert_eq!(count, if server.name.starts_with("GET") { 3 } else { 0 });
    }
    assert_eq!(all.len(), 9);
}
