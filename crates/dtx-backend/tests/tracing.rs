//! The example of `docs/dev/telemetry/tracing.md`, and the spans and metrics of the reference
//! page. A binary of its own: capturing spans sets OpenTelemetry's global providers.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path};
use axum::http::{Request, StatusCode};
use axum::routing::{any, get};
use http_body_util::BodyExt as _;
use opentelemetry::trace::{FutureExt as _, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, Value, global};
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::{CapturedSpan, capture_metrics, capture_spans};
use tower::ServiceExt as _;

const PAGE: &str = include_str!("../../../docs/dev/telemetry/reference.md");

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
    assert_eq!(request["http.response.status_code"], Value::I64(200));
    assert_eq!(request["tournament.id"], Value::I64(5));
    assert_eq!(request.status, Status::Unset);
    let rate = spans.single("rate teams");
    assert_eq!(rate.parent_span_id, Some(request.span_id));

    let duration = metrics.single("http.server.request.duration");
    assert_eq!(duration.unit, "s");
    assert!(duration.get("tournament.id").is_none()); // never the context
    assert_eq!(metrics.values("http.server.active_requests"), [1.0, -1.0]);
}

/// A request that has each attribute there is, but those of methods that are known, and the
/// route.
fn strange() -> http::request::Builder {
    let client: SocketAddr = "192.0.2.7:50000".parse().unwrap();
    Request::builder()
        .method("BREW")
        .uri("/fail?q=1")
        .header("host", "example.org:8000")
        .header("user-agent", "kettle")
        .extension(ConnectInfo(client))
}

#[tokio::test]
async fn the_reference_page_has_the_attributes_of_the_span_of_a_request() {
    let spans = capture_spans();

    send(Request::get("/api/tournaments/5/")).await;
    send(strange()).await;

    let context = ["request.id", "labels", "tournament.id", "teams"];
    let spans = spans.spans();
    let names = |span: &CapturedSpan| {
        let names: Vec<_> = span.attributes.iter().map(|(key, _)| key.clone()).collect();
        names
    };
    let mut recorded: BTreeSet<String> = spans.iter().flat_map(names).collect();
    recorded.retain(|key| !context.contains(&key.as_str()));
    let documented: BTreeSet<String> = rows("Spans")
        .into_iter()
        .map(|row| row[0].clone())
        .collect();
    assert_eq!(recorded, documented);
}

#[tokio::test]
async fn the_reference_page_has_each_metric_with_its_unit_and_attributes() {
    let metrics = capture_metrics();
    telemetry_sysmetrics::start();

    send(Request::get("/api/tournaments/5/")).await;
    send(strange()).await;
    metrics.observe();

    let mut recorded: BTreeMap<String, (String, BTreeSet<String>)> = BTreeMap::new();
    for measurement in metrics.measurements() {
        let keys = measurement.attributes.into_iter().map(|(key, _)| key);
        let entry = recorded.entry(measurement.name);
        entry
            .or_insert((measurement.unit, BTreeSet::new()))
            .1
            .extend(keys);
    }
    let documented = rows("Metrics").into_iter().map(|row| {
        let keys = row[2].split(", ").filter(|key| !key.is_empty());
        (
            row[0].clone(),
            (row[1].clone(), keys.map(str::to_owned).collect()),
        )
    });
    let mut documented: BTreeMap<_, _> = documented.collect();
    if !cfg!(target_os = "linux") {
        documented.remove("process.thread.count");
    }
    assert_eq!(recorded, documented);
}

/// The rows of the table of a section, without the marks of code.
fn rows(section: &str) -> Vec<Vec<String>> {
    let (_, section) = PAGE.split_once(&format!("\n## {section}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}
