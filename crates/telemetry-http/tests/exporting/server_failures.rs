//! Requests that end badly, as their spans tell it.

use std::convert::Infallible;
use std::future::pending;
use std::task::{Context, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use opentelemetry::trace::Status;
use telemetry_core::record_error;
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, RecordedError};
use telemetry_otel::testing::{CapturedSpan, capture_spans};
use tower::{Service as _, ServiceExt as _, service_fn};
use tower_layer::Layer as _;
use tracing::Instrument as _;

use crate::{get, send, with_telemetry};

/// What is said of what was dropped, the same by all crates.
const CANCELLED: &str = "cancelled: dropped before it ended";

/// Status and `error.type`: the one is never there without the other.
fn failure(span: &CapturedSpan) -> Option<(String, String)> {
    match (&span.status, span.get("error.type")) {
        (Status::Unset, None) => None,
        (Status::Error { description }, Some(kind)) => {
            Some((kind.to_string(), description.to_string()))
        }
        other => panic!("{other:?}"),
    }
}

fn failed(kind: &str, description: &str) -> Option<(String, String)> {
    Some((kind.to_owned(), description.to_owned()))
}

#[tokio::test]
async fn a_status_is_an_error_from_500_on() {
    for status in [200, 302, 400, 404, 499, 500, 503] {
        let spans = capture_spans();
        let code = StatusCode::from_u16(status).unwrap();
        let app = with_telemetry(Router::new().route("/", on_get(async move || code)));
        send(&app, get("/")).await;
        let span = spans.single("GET /");
        assert_eq!(span["http.response.status_code"], status);
        let expected = (status >= 500).then(|| (status.to_string(), String::new()));
        assert_eq!(failure(&span), expected);
        // The status says all there is.
        assert!(span.events.is_empty());
    }
}

#[tokio::test]
async fn a_recorded_error_is_an_exception() {
    let spans = capture_spans();
    let app = with_telemetry(Router::new().route(
        "/",
        on_get(|| async {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::BAD_GATEWAY;
            let error = std::io::Error::other("no standings");
            response.extensions_mut().insert(RecordedError::new(&error));
            response
        }),
    ));
    send(&app, get("/")).await;
    let span = spans.single("GET /");
    assert_eq!(failure(&span), failed("502", "no standings"));
    assert_eq!(span.event("exception")["exception.message"], "no standings");
}

#[tokio::test]
async fn a_panic_is_an_exception_with_its_place() {
    let spans = capture_spans();
    let app =
        with_telemetry(Router::new().route("/", on_get(|| async { panic!("on purpose") as () })));
    send(&app, get("/")).await;
    let span = spans.single("GET /");
    assert_eq!(failure(&span), failed("panic", "panic: on purpose"));
    assert_eq!(span["http.response.status_code"], 500);
    let exception = span.event("exception");
    assert_eq!(exception["exception.type"], "panic");
    assert_eq!(exception["exception.message"], "panic: on purpose");
    let place = exception["exception.stacktrace"].to_string();
    assert!(place.contains("server_failures.rs"), "{place}");
}

#[tokio::test]
async fn an_error_of_the_service_has_no_status_code() {
    let spans = capture_spans();
    let service = service_fn(|_: Request<()>| async {
        Err::<Response<Full<Bytes>>, _>(std::io::Error::other("refused"))
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    service.call(Request::new(())).await.unwrap_err();
    let span = spans.single("GET");
    assert_eq!(failure(&span), failed("service_error", "refused"));
    assert_eq!(span.get("http.response.status_code"), None);
    assert_eq!(span.events.len(), 1);
}

#[tokio::test]
async fn an_error_of_the_body_fails_a_request_with_a_good_status() {
    let spans = capture_spans();
    let app = with_telemetry(Router::new().route(
        "/",
        on_get(|| async {
            let parts = [Ok("a"), Err(std::io::Error::other("disk gone"))];
            Body::from_stream(stream::iter(parts))
        }),
    ));
    let response = app.oneshot(get("/")).await.unwrap();
    response.into_body().collect().await.unwrap_err();
    let span = spans.single("GET /");
    assert_eq!(failure(&span), failed("body_error", "disk gone"));
    assert_eq!(span["http.response.status_code"], 200);
}

#[tokio::test]
async fn a_client_that_leaves_before_the_response_cancels() {
    let (spans, logs) = (capture_spans(), capture_logs());
    let app = with_telemetry(Router::new().route("/", on_get(pending::<()>)));
    let mut call = Box::pin(app.oneshot(get("/")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert!(spans.spans().is_empty());
    drop(call);
    let span = spans.single("GET /");
    assert_eq!(failure(&span), failed("cancelled", CANCELLED));
    assert_eq!(span.get("http.response.status_code"), None);
    assert_eq!(span.event("exception")["exception.message"], CANCELLED);
    assert!(logs.single("request_cancelled").get("error").is_none());
}

#[tokio::test]
async fn an_exception_is_not_later_than_its_span_however_a_request_fails() {
    let refused = || async {
        let error = std::io::Error::other("no standings");
        // Beneath the request, and on its own span.
        async { record_error("not_drawn", &error) }
            .instrument(tracing::info_span!("draw"))
            .await;
        record_error("not_answered", &error);
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::BAD_GATEWAY;
        response.extensions_mut().insert(RecordedError::new(&error));
        response
    };
    let app = with_telemetry(
        Router::new()
            .route("/refused", on_get(refused))
            .route("/panics", on_get(|| async { panic!("on purpose") as () })),
    );
    let spans = capture_spans();
    for _ in 0..50 {
        send(&app, get("/refused")).await;
        send(&app, get("/panics")).await;
    }
    let spans = spans.spans();
    let events = spans.iter().map(|span| span.events.len()).sum::<usize>();
    assert_eq!((spans.len(), events), (150, 200));
    for span in &spans {
        for event in &span.events {
            assert!(span.start <= event.timestamp, "{span:?}");
            assert!(event.timestamp <= span.end, "{span:?}");
        }
        let parent = span.parent_span_id.as_ref();
        for parent in spans.iter().filter(|other| parent == Some(&other.span_id)) {
            assert!(parent.start <= span.start && span.end <= parent.end);
        }
    }
}

/// A body of two parts, each of which binds a field as it is made.
fn streaming() -> Router {
    let answer = || async {
        let parts = ["a", "b"].into_iter().map(|part| {
            telemetry_core::bind("part", part);
            Ok::<_, Infallible>(part)
        });
        Body::from_stream(stream::iter(parts))
    };
    with_telemetry(Router::new().route("/", on_get(answer)))
}

#[tokio::test]
async fn a_span_lasts_to_the_end_of_the_body() {
    let spans = capture_spans();
    let response = streaming().oneshot(get("/")).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    assert!(spans.spans().is_empty(), "the head alone ends nothing");
    while body.frame().await.is_some() {}
    let span = spans.single("GET /");
    assert_eq!(failure(&span), None);
    assert_eq!(span["part"], "b");
}

#[tokio::test]
async fn a_client_that_leaves_within_the_body_cancels() {
    let spans = capture_spans();
    let response = streaming().oneshot(get("/")).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let span = spans.single("GET /");
    assert_eq!(failure(&span), failed("cancelled", CANCELLED));
    assert_eq!(span["http.response.status_code"], 200);
    assert_eq!(span["part"], "a");
}
