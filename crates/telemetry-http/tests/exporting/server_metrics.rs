//! The metrics of requests that come in.

use std::future::pending;
use std::task::{Context, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get as on_get};
use futures_util::stream;
use http::StatusCode;
use http_body_util::BodyExt as _;
use opentelemetry::Value;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::{MetricCapture, capture_metrics, capture_spans};
use tower::ServiceExt as _;

use crate::{dimensions, from_peer, get, request, send, traceparent, with_telemetry};

const DURATION: &str = "http.server.request.duration";
const ACTIVE: &str = "http.server.active_requests";

fn active(metrics: &MetricCapture) -> f64 {
    metrics.values(ACTIVE).iter().sum()
}

fn app() -> Router {
    let router = Router::new()
        .route(
            "/api/tournaments/{id}/",
            any(|| async {
                telemetry_core::bind("user.id", 42);
                telemetry_core::bind("http.route", "mine");
            }),
        )
        .route("/panic", on_get(|| async { panic!("on purpose") as () }))
        .route("/wait", on_get(pending::<()>))
        .route("/fail", on_get(|| async { StatusCode::BAD_GATEWAY }))
        .route(
            "/stream",
            on_get(|| async {
                let parts = [Ok("a"), Err(std::io::Error::other("gone"))];
                Body::from_stream(stream::iter(parts))
            }),
        );
    router.layer(
        HttpTelemetryLayer::new()
            .with_client_ip(true)
            .with_query(true),
    )
}

#[tokio::test]
async fn the_duration_has_these_attributes_and_no_others() {
    let metrics = capture_metrics();
    send(&app(), from_peer(get("/api/tournaments/5/?page=2"))).await;
    let duration = metrics.single(DURATION);
    assert_eq!(duration.unit, "s");
    assert!((0.0..10.0).contains(&duration.value), "{duration}");
    assert_eq!(
        dimensions(&duration),
        [
            ("http.request.method", Value::from("GET")),
            ("http.response.status_code", Value::I64(200)),
            ("http.route", Value::from("/api/tournaments/{id}/")),
            ("network.protocol.version", Value::from("1.1")),
            ("url.scheme", Value::from("http")),
        ]
    );
    for active in metrics.named(ACTIVE) {
        assert_eq!(active.unit, "{request}");
        assert_eq!(
            dimensions(&active),
            [
                ("http.request.method", Value::from("GET")),
                ("url.scheme", Value::from("http")),
            ]
        );
    }
    assert_eq!(metrics.values(ACTIVE), [1.0, -1.0]);
}

#[tokio::test]
async fn what_a_client_makes_up_makes_no_time_series() {
    let metrics = capture_metrics();
    send(&app(), request("MADEUP", "/made/up")).await;
    let duration = metrics.single(DURATION);
    assert_eq!(
        dimensions(&duration),
        [
            ("http.request.method", Value::from("_OTHER")),
            ("http.response.status_code", Value::I64(404)),
            ("network.protocol.version", Value::from("1.1")),
            ("url.scheme", Value::from("http")),
        ]
    );
}

#[tokio::test]
async fn failures_have_their_type() {
    for (path, status, error) in [("/fail", 502, "502"), ("/panic", 500, "panic")] {
        let metrics = capture_metrics();
        send(&app(), get(path)).await;
        let duration = metrics.single(DURATION);
        assert_eq!(duration.get("error.type"), Some(&error.into()));
        let expected = status.into();
        assert_eq!(duration.get("http.response.status_code"), Some(&expected));
        assert_eq!(active(&metrics), 0.0);
    }
}

#[tokio::test]
async fn a_request_is_active_until_its_body_ends() {
    let metrics = capture_metrics();
    let response = app().oneshot(get("/stream")).await.unwrap();
    assert_eq!(active(&metrics), 1.0);
    assert!(metrics.values(DURATION).is_empty());
    response.into_body().collect().await.unwrap_err();
    assert_eq!(active(&metrics), 0.0);
    let duration = metrics.single(DURATION);
    let expected = "body_error".into();
    assert_eq!(duration.get("error.type"), Some(&expected));
}

#[tokio::test]
async fn a_cancelled_request_is_not_active_any_more() {
    let metrics = capture_metrics();
    let mut call = Box::pin(app().oneshot(get("/wait")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert_eq!(active(&metrics), 1.0);
    drop(call);
    assert_eq!(active(&metrics), 0.0);
    let duration = metrics.single(DURATION);
    assert_eq!(duration.get("error.type"), Some(&"cancelled".into()));
    assert_eq!(duration.get("http.response.status_code"), None);
}

#[tokio::test]
async fn requests_that_are_not_sampled_are_measured() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let mut request = get("/api/tournaments/5/");
    let header = traceparent("00").parse().unwrap();
    request.headers_mut().insert("traceparent", header);
    send(&app(), request).await;
    assert_eq!(spans.spans(), []);
    metrics.single(DURATION);
}

#[tokio::test]
async fn a_layer_within_a_layer_measures_once() {
    let metrics = capture_metrics();
    send(&with_telemetry(app()), get("/api/tournaments/5/")).await;
    metrics.single(DURATION);
    assert_eq!(metrics.values(ACTIVE), [1.0, -1.0]);
}
