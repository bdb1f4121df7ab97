//! Each kind of call, and what is recorded of it.

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::{players, sorted};

#[tokio::test]
async fn a_statement_is_a_client_span_and_a_measurement() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let pool = players().await;
    let (name,): (String,) = sqlx::query_as("SELECT name FROM players WHERE id = ?")
        .bind(2)
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(name, "ben");
    let span = spans.single("SELECT players");
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(
        sorted(&span.attributes),
        [
            ("db.collection.name", Value::from("players")),
            ("db.operation.name", "SELECT".into()),
            ("db.query.summary", "SELECT players".into()),
            ("db.query.text", "SELECT name FROM players WHERE id = ?".into()),
            ("db.response.returned_rows", 1.into()),
            ("db.system.name", "sqlite".into()),
        ]
    );
    let duration = metrics.single("db.client.operation.duration");
    assert_eq!(duration.unit, "s");
    assert_eq!(
        sorted(&duration.attributes),
        [
            ("db.collection.name", Value::from("players")),
            ("db.operation.name", "SELECT".into()),
            ("db.query.summary", "SELECT players".into()),
            ("db.system.name", "sqlite".into()),
        ]
    );
}
