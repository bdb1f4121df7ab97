//! The example of `docs/dev/telemetry/tracing.md`, and the spans and metrics of the reference
//! page. A binary of its own: capturing spans sets OpenTelemetry's global providers.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod everything;
mod health;
mod page;
mod servers;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::{any, get};
use http_body_util::BodyExt as _;
use opentelemetry::trace::{FutureExt as _, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, global};
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::{capture_metrics, capture_spans};
use tower::ServiceExt as _;

async fn show(Path(id): Path<i64>) -> String {
    rate(8).await;
    format!("tournament {id}\n")
}

async fn rate(teams: i64) {
    let span = global::tracer("tournaments").start("rate teams");
    let context = Context::current_with_span(span);
    context.span().set_attribute(KeyValue::new("teams", teams));
    async { tracing::info!("teams_rated") }
        .with_context(context)
        .await;
}

fn app() -> Router {
    Router::new()
        .route("/api/tournaments/{id}/", get(show))
        .route("/fail", any(async || StatusCode::BAD_GATEWAY))
        // A call of gRPC that is refused, whose status is in its headers.
        .route(
            "/dtx.Drafts/Pick",
            any(async || {
                [
                    ("content-type", "application/grpc"),
                    ("grpc-status", "7"),
                ]
            }),
        )
        .layer(
            HttpTelemetryLayer::new()
                .with_query(true)
                .with_client_ip(true),
        )
}

async fn send(request: http::request::Builder) {
    let request = request.body(Body::empty()).unwrap();
    let response = app().oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap(); // the request ends with its body
}

#[tokio::test]
async fn a_request_has_a_span_and_metrics() {
    let (spans, metrics) = (capture_spans(), capture_metrics());

    send(Request::get("/api/tournaments/5/")).await;

    assert_eq!(spans.tree(), "GET /api/tournaments/{id}/\n  rate teams\n");
    let request = spans.single("GET /api/tournaments/{id}/");
    assert_eq!(request["http.response.status_code"], 200);
    assert_eq!(request["labels"], ["tournament"]);
    assert_eq!(request["tournament.id"], 5);
    assert_eq!(request.status, Status::Unset);
    let rate = spans.single("rate teams");
    assert_eq!(rate.parent_span_id, Some(request.span_id));

    let duration = metrics.single("http.server.request.duration");
    assert_eq!(duration.unit, "s");
    assert!(duration.get("tournament.id").is_none()); // never the context
    assert_eq!(metrics.values("http.server.active_requests"), [1.0, -1.0]);
}
