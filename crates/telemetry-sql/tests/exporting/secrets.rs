//! What is bound to statements, or written into them, is never recorded.

use proptest::prelude::*;
use sqlx::AssertSqlSafe;
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::{capture_metrics, capture_spans};
use tokio::runtime;

use crate::databases::sqlite;

const SECRET: &str = "zsecretz";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_value_is_recorded(
        value in prop_oneof![any::<String>(), "['\"`$\\\\;-]{0,9}"],
    ) {
        let value = format!("{SECRET}{}{SECRET}", value.replace('\0', ""));
        let literal = value.replace('\'', "''");
        let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
            let pool = sqlite().await;
            let bound = sqlx::query("INSERT INTO players VALUES (4, $1)").bind(&value);
            bound.execute(&pool).await.unwrap();
            let again = sqlx::query("INSERT INTO players VALUES (5, $1)").bind(&value);
            again.execute(&pool).await.unwrap_err();
            for sql in [
                format!("SELECT id FROM players WHERE name = '{literal}'"),
                format!("SELECT id FROM players WHERE name IN ('{literal}', '')"),
                format!("INSERT INTO players VALUES (6, '{literal}')"),
                // Not what it is taken for by who wrote it.
                format!("SELECT id FROM players WHERE name = '{literal}"),
                format!("SELECT json('{literal}')"),
            ] {
                let _failed = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&pool).await;
            }
            let recorded = format!("{:?} {:?}", spans.spans(), metrics.measurements());
            assert_eq!(spans.spans().len(), 7);
            assert!(!recorded.contains(SECRET), "{recorded}");
            drop(logs);
        });
    }
}
