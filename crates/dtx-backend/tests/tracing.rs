//! The example of `docs/dev/telemetry/tracing.md`, and the spans and metrics of the reference
//! page. A binary of its own: capturing spans sets OpenTelemetry's global providers.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use apalis::prelude::{BoxDynError, WorkerBuilder, WorkerContext};
use apalis_core::backend::memory::MemoryStorage;
use apalis_sqlite::SqliteStorage;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Path};
use axum::http::{Extensions, Request, StatusCode};
use axum::routing::{any, get};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::BodyExt as _;
use opentelemetry::trace::{FutureExt as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue, Value, global};
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use serde::{Deserialize, Serialize};
use sqlx::SqlitePool;
use telemetry_http::{HttpClientTelemetry, HttpTelemetryLayer, UrlTemplate};
use telemetry_jobs::{JobTelemetryLayer, PushWithContext as _};
use telemetry_otel::testing::{CapturedSpan, capture_metrics, capture_spans};
use telemetry_ws::{ConnectionTracker, TelemetryUpgrade, WebSocketTelemetry};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
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

/// Sends again what it is given.
struct Twice;

#[async_trait]
impl Middleware for Twice {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let again = request.try_clone().unwrap();
        next.clone().run(request, extensions).await?;
        next.run(again, extensions).await
    }
}

/// Sends a request, twice, to a server that fails.
async fn send_out(method: &str) {
    // The other test may have been faster.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/fail", listener.local_addr().unwrap());
    telemetry_core::spawn(async { axum::serve(listener, app()).await });
    let client = ClientBuilder::new(reqwest::Client::new())
        .with(Twice)
        .with(HttpClientTelemetry::new())
        .build();
    let request = client.request(method.parse().unwrap(), url);
    let request = request.with_extension(UrlTemplate::new("/fail"));
    request.send().await.unwrap();
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Rate;

/// Does a job, which fails, and cannot push another.
async fn do_job() {
    let mut jobs = MemoryStorage::new();
    jobs.push_with_context(Rate).await.unwrap();
    let worker = WorkerBuilder::new("rates")
        .backend(jobs)
        .layer(JobTelemetryLayer::new())
        .build(async |_: Rate, worker: WorkerContext| {
            worker.stop()?;
            Err::<(), BoxDynError>("no teams".into())
        });
    worker.run().await.unwrap();
    let pool = SqlitePool::connect_lazy("sqlite::memory:").unwrap();
    pool.close().await;
    let mut jobs = SqliteStorage::new(&pool);
    jobs.push_with_context(Rate).await.unwrap_err();
}

/// Sends a message that its handler panics at, and waits for the end of the connection.
async fn talk() {
    let tracker = ConnectionTracker::new();
    let telemetry = WebSocketTelemetry::new()
        .with_tracker(tracker.clone())
        .with_message_spans(true);
    let upgrade = async |ws: TelemetryUpgrade| {
        ws.on_upgrade(async |mut socket| {
            let message = socket.recv().await.unwrap().unwrap();
            socket.send(message.clone()).await.unwrap();
            let work = async { panic!("on purpose") };
            socket.handling().handle(&message, work).await;
        })
    };
    let router = Router::new()
        .route("/ws/draft/{id}/", any(upgrade))
        .layer(axum::Extension(telemetry))
        .layer(HttpTelemetryLayer::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/ws/draft/12/", listener.local_addr().unwrap());
    telemetry_core::spawn(async { axum::serve(listener, router).await });
    let (mut client, _) = tokio_tungstenite::connect_async(url).await.unwrap();
    client.send(Message::text("pick")).await.unwrap();
    while let Some(Ok(_)) = client.next().await {}
    assert_eq!(tracker.shutdown(Duration::from_secs(20)).await, 0);
}

/// Does everything that has a span or a metric.
async fn do_everything() {
    send(Request::get("/api/tournaments/5/")).await;
    send(strange()).await;
    send_out("BREW").await;
    do_job().await;
    talk().await;
}

/// Where the reference page has a span.
fn heading(span: &CapturedSpan) -> Option<&'static str> {
    match span.kind {
        SpanKind::Server => Some("Requests"),
        SpanKind::Client => Some("Outgoing requests"),
        SpanKind::Producer => Some("Jobs"),
        SpanKind::Consumer if span.name.starts_with("process /ws/") => Some("WebSocket messages"),
        SpanKind::Consumer => Some("Jobs"),
        SpanKind::Internal => None,
    }
}

#[tokio::test]
async fn the_reference_page_has_the_attributes_of_each_kind_of_span() {
    let spans = capture_spans();

    do_everything().await;

    let context = [
        "request.id",
        "labels",
        "tournament.id",
        "draft.id",
        "ws.conn_id",
        "task.id",
        "task.name",
        "task.attempt",
    ];
    let mut recorded: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for span in spans.spans() {
        let Some(heading) = heading(&span) else {
            continue;
        };
        let keys = span.attributes.into_iter().map(|(key, _)| key);
        let keys = keys.filter(|key| !context.contains(&key.as_str()));
        recorded.entry(heading).or_default().extend(keys);
    }
    assert_eq!(recorded.len(), 4, "{recorded:#?}");
    for (heading, recorded) in recorded {
        let rows = rows(&format!("\n### {heading}\n"));
        let documented: BTreeSet<_> = rows.into_iter().map(|row| row[0].clone()).collect();
        assert_eq!(recorded, documented, "{heading}");
    }
}

#[tokio::test]
async fn the_reference_page_has_each_metric_with_its_unit_and_attributes() {
    let metrics = capture_metrics();
    telemetry_sysmetrics::start();

    do_everything().await;
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
    let documented = rows("\n## Metrics\n").into_iter().map(|row| {
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

/// The rows of the table beneath a heading, without the marks of code.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let (_, section) = PAGE.split_once(heading).unwrap();
    let section = section.split("\n##").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().replace('`', "")).collect()
    })
    .collect()
}
