//! Attributes of metrics that an application makes up as it runs.

use std::collections::HashSet;

use sqlx::{AssertSqlSafe, Executor as _};
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::DURATION;
use crate::databases::sqlite;

#[tokio::test]
async fn two_thousand_changing_tables_leave_room_for_the_others() {
    let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
    let pool = sqlite().await;
    for number in 0..2_000 {
        let select = AssertSqlSafe(format!("SELECT * FROM season_{number}"));
        sqlx::raw_sql(select).execute(&pool).await.unwrap_err();
    }
    pool.fetch_all("SELECT * FROM players").await.unwrap();
    let durations = metrics.named(DURATION);
    for key in ["db.collection.name", "db.query.summary"] {
        let values: HashSet<_> = durations
            .iter()
            .map(|one| one.get(key).unwrap().to_string())
            .collect();
        assert!(values.len() <= 201, "{key}: {}", values.len());
        assert!(values.contains("_OTHER"));
    }
    let last = durations.last().unwrap();
    assert_eq!(*last.get("db.collection.name").unwrap(), "players");
    assert_eq!(*last.get("db.query.summary").unwrap(), "SELECT players");
    let span = spans.single("SELECT season_1999");
    assert_eq!(span["db.collection.name"], "season_1999");
    let lines = logs.named("metric_attribute_bounded");
    let attributes: Vec<_> = lines
        .iter()
        .map(|line| line["metric_attribute"].to_string())
        .collect();
    assert_eq!(attributes, ["db.collection.name", "db.query.summary"]);
}
