//! Statements that fail.

use futures_util::TryStreamExt as _;
use opentelemetry::trace::Status;
use telemetry_otel::testing::{
    AttributeValue, MetricCapture, SpanCapture, capture_metrics, capture_spans,
};

use crate::DURATION;
use crate::databases::on_each_database;

/// Asserts what the one span and the one measurement say of a failure.
#[track_caller]
fn assert_failed(
    spans: &SpanCapture,
    metrics: &MetricCapture,
    error_type: &str,
    code: Option<&str>,
    description: &str,
) {
    let spans = spans.spans();
    let [span] = &spans[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(span.status, Status::error(description.to_owned()));
    let duration = metrics.single(DURATION);
    for (key, value) in [
        ("error.type", Some(error_type)),
        ("db.response.status_code", code),
    ] {
        let value = value.map(|value| AttributeValue::from(value.to_owned()));
        assert_eq!(span.get(key), value.as_ref());
        assert_eq!(duration.get(key), value.as_ref());
    }
}

on_each_database! {
    async fn a_unique_violation_has_the_code_of_the_database(pool, system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let insert = "INSERT INTO players VALUES (4, $1)";
        let failed = sqlx::query(insert).bind("ana").execute(&pool).await;
        assert!(failed.unwrap_err().into_database_error().unwrap().is_unique_violation());
        let (code, description) = match system {
            "sqlite" => ("2067", "unique violation"),
            _ => ("23505", "unique violation: players_name_key"),
        };
        assert_failed(&spans, &metrics, code, Some(code), description);
    }

    async fn a_message_that_quotes_a_value_is_not_told(pool, system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let failed = sqlx::query("SELECT FROM WHERE 'secret' secret").execute(&pool).await;
        failed.unwrap_err();
        let code = if system == "sqlite" { "1" } else { "42601" };
        assert_failed(&spans, &metrics, code, Some(code), "");
    }

    async fn a_stream_that_fails_midway_says_so_once(pool, system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let (sql, code) = match system {
            "sqlite" => (
                "SELECT abs(v) FROM (SELECT 1 AS v UNION ALL SELECT -9223372036854775807 - 1)",
                "1",
            ),
            _ => ("SELECT 1 / v FROM (VALUES (1), (0)) AS t (v)", "22012"),
        };
        let mut rows = sqlx::query(sql).fetch(&pool);
        assert!(rows.try_next().await.unwrap().is_some());
        assert!(rows.try_next().await.is_err());
        drop(rows);
        assert_failed(&spans, &metrics, code, Some(code), "");
        assert_eq!(spans.spans()[0]["db.response.returned_rows"], 1);
    }

    async fn a_closed_pool_is_told(pool, _system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        pool.close().await;
        sqlx::query("SELECT 1").execute(&pool).await.unwrap_err();
        let description = "attempted to acquire a connection on a closed pool";
        assert_failed(&spans, &metrics, "pool_closed", None, description);
    }

    async fn what_sqlx_makes_of_no_row_is_no_failure_of_the_database(pool, _system) {
        let spans = capture_spans();
        let none = sqlx::query("SELECT id FROM players WHERE id = 9").fetch_one(&pool).await;
        assert!(matches!(none, Err(sqlx::Error::RowNotFound)));
        let span = spans.single("SELECT players");
        assert_eq!(span.status, Status::Unset);
        assert_eq!(span["db.response.returned_rows"], 0);
    }
}

#[tokio::test]
async fn a_value_that_cannot_be_sent_is_told_without_it() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let pool = crate::databases::sqlite().await;
    let failed = sqlx::query("SELECT ?").bind(Unencodable).fetch_all(&pool);
    assert!(matches!(failed.await, Err(sqlx::Error::Encode(_))));
    assert_failed(&spans, &metrics, "encode", None, "");
}

/// A value that cannot be sent.
struct Unencodable;

impl sqlx::Type<sqlx::Sqlite> for Unencodable {
    fn type_info() -> sqlx::sqlite::SqliteTypeInfo {
        <i64 as sqlx::Type<sqlx::Sqlite>>::type_info()
    }
}

impl sqlx::Encode<'_, sqlx::Sqlite> for Unencodable {
    fn encode_by_ref(
        &self,
        _: &mut sqlx::sqlite::SqliteArgumentsBuffer,
    ) -> Result<sqlx::encode::IsNull, sqlx::error::BoxDynError> {
        Err("secret".into())
    }
}
