//! The line of a statement that takes too long.

use std::time::Duration;

use sqlx::Executor as _;
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::capture_spans;
use telemetry_sql::TracedPool;

use crate::databases::sqlite;

#[tokio::test]
async fn a_slow_statement_is_a_line_of_its_span() {
    let (logs, spans) = (capture_logs(), capture_spans());
    let pool = sqlite().await;
    let pool = TracedPool::builder((*pool).clone())
        .with_slow_statement(Duration::from_nanos(1))
        .build();
    let select = "SELECT id FROM players WHERE name = 'hunter2'";
    pool.fetch_optional(select).await.unwrap();
    let line = logs.single("slow_statement");
    let span = spans.single("SELECT players");
    assert_eq!(line["span_id"], span.span_id.as_str());
    assert_eq!(line["db.query.summary"], "SELECT players");
    assert_eq!(
        line["db.query.text"],
        "SELECT id FROM players WHERE name = ?"
    );
    pool.begin().await.unwrap().commit().await.unwrap();
    let summaries: Vec<_> = logs
        .named("slow_statement")
        .iter()
        .map(|line| line["db.query.summary"].to_string())
        .collect();
    assert_eq!(summaries.len(), 3, "{summaries:?}");
}
