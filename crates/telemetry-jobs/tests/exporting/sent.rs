//! Jobs that are pushed: their spans and their metric.

use std::task::{Context, Waker};

use apalis_core::task::builder::TaskBuilder;
use apalis_sqlite::SqliteStorage;
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use sqlx::SqlitePool;
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_jobs::PushWithContext as _;
use telemetry_otel::testing::{capture_metrics, capture_spans, sorted};

use crate::dimensions;

/// A storage in memory, which each of its connections has for itself.
async fn storage() -> (SqlitePool, SqliteStorage<u32>) {
    let pool = sqlx::sqlite::SqlitePoolOptions::new().max_connections(1);
    let pool = pool.connect("sqlite::memory:").await.unwrap();
    SqliteStorage::setup(&pool).await.unwrap();
    let jobs = SqliteStorage::new(&pool);
    (pool, jobs)
}

/// A scope with a span of an application that is sampled.
fn scope_with_span() -> Scope {
    let span = opentelemetry::global::tracer("test").start("request");
    let context = opentelemetry::Context::new().with_span(span);
    Scope::builder()
        .field("request.id", "abc-123")
        .trace(&context)
        .build()
}

#[tokio::test]
async fn a_push_is_a_span_that_its_job_continues() {
    let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
    let (pool, mut jobs) = storage().await;
    let pushed = jobs.push_with_context(7);
    pushed.in_scope(scope_with_span()).await.unwrap();

    assert_eq!(spans.tree(), "request\n  send u32\n");
    let span = spans.single("send u32");
    assert_eq!(span.kind, SpanKind::Producer);
    assert_eq!(span.status, Status::Unset);
    let id = logs.single("task_enqueued")["child_task_id"].to_string();
    assert_eq!(
        sorted(&span.attributes),
        [
            ("messaging.destination.name", Value::from("u32")),
            ("messaging.message.id", id.into()),
            ("messaging.operation.name", "send".into()),
            ("messaging.operation.type", "send".into()),
            ("messaging.system", "apalis".into()),
        ]
    );
    let sent = metrics.single("messaging.client.sent.messages");
    assert_eq!((sent.value, &*sent.unit), (1.0, "{message}"));
    assert_eq!(sorted(&sent.attributes), dimensions("send", "u32"));

    let metadata: String = sqlx::query_scalar("SELECT metadata FROM Jobs")
        .fetch_one(&pool)
        .await
        .unwrap();
    let traceparent = format!("00-{}-{}-01", span.trace_id, span.span_id);
    assert!(metadata.contains(&traceparent), "{metadata}");
}

#[tokio::test]
async fn a_push_to_a_queue_of_a_name_has_that_name() {
    let spans = capture_spans();
    let (_pool, mut jobs) = storage().await;
    let task = TaskBuilder::new(7).queue("standings".into());
    jobs.push_task_with_context(task).await.unwrap();
    assert_eq!(spans.tree(), "send standings\n");
}

#[tokio::test]
async fn a_push_that_fails_says_so() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let (pool, mut jobs) = storage().await;
    sqlx::query("DROP TABLE Jobs").execute(&pool).await.unwrap();
    let error = jobs.push_with_context(7).await.unwrap_err().to_string();
    let span = spans.single("send u32");
    assert_eq!(span.status, Status::error(error));
    assert_eq!(span["error.type"], Value::from("_OTHER"));
    let sent = metrics.single("messaging.client.sent.messages");
    assert_eq!(sent.get("error.type"), Some(&"_OTHER".into()));
}

#[tokio::test]
async fn a_push_that_its_caller_drops_has_not_failed() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let (_pool, mut jobs) = storage().await;
    let mut pushed = Box::pin(jobs.push_with_context(7));
    let polled = pushed
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    drop(pushed);
    let span = spans.single("send u32");
    assert_eq!(span.get("error.type"), None);
    assert_eq!(span.status, Status::Unset);
    let sent = metrics.single("messaging.client.sent.messages");
    assert_eq!(sent.get("error.type"), None);
}
