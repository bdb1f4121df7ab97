//! Whose child a statement is.

use futures_util::future::join_all;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, Tracer as _,
};
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::DURATION;
use crate::databases::on_each_database;

/// A scope with a span of an application that is sampled.
fn request(name: &'static str) -> Scope {
    let span = opentelemetry::global::tracer("test").start(name);
    let context = Context::new().with_span(span);
    Scope::builder()
        .field("request.id", name)
        .trace(&context)
        .build()
}

on_each_database! {
    async fn statements_of_concurrent_requests_keep_their_parents(pool, _system) {
        let spans = capture_spans();
        let requests = ["one", "two", "three"].map(|name| {
            let pool = pool.clone();
            async move {
                let find = || sqlx::query("SELECT id FROM players").fetch_all(&pool);
                join_all([find(), find()]).await;
                let mut transaction = pool.begin().await.unwrap();
                let delete = sqlx::query("DELETE FROM players");
                delete.execute(&mut *transaction).await.unwrap();
                transaction.rollback().await.unwrap();
            }
            .in_scope(request(name))
        });
        join_all(requests).await;
        let spans = spans.spans();
        for name in ["one", "two", "three"] {
            let parent = spans.iter().find(|span| span.name == name).unwrap();
            let children = spans.iter().filter(|span| {
                span.parent_span_id.as_ref() == Some(&parent.span_id)
                    && span.trace_id == parent.trace_id
            });
            let mut children: Vec<_> = children.map(|span| span.name.as_str()).collect();
            children.sort_unstable();
            assert_eq!(
                children,
                ["BEGIN", "DELETE players", "ROLLBACK", "SELECT players", "SELECT players"]
            );
        }
    }

    async fn lines_have_the_context_of_the_request(pool, _system) {
        let (spans, logs) = (capture_spans(), capture_logs());
        async {
            sqlx::query("SELECT id FROM players").fetch_all(&pool).await.unwrap();
            tracing::info!("players_found");
        }
        .in_scope(request("abc-123"))
        .await;
        let line = logs.single("players_found");
        assert_eq!(line["request.id"], "abc-123");
        let id = &spans.single("abc-123").span_id;
        assert_eq!(line["span_id"], id.as_str());
    }

    async fn beneath_a_parent_that_is_not_sampled_there_is_a_measurement_alone(pool, _system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let parent = SpanContext::new(
            TraceId::from(7), SpanId::from(7), TraceFlags::NOT_SAMPLED, false, TraceState::NONE,
        );
        let context = Context::new().with_remote_span_context(parent);
        let scope = Scope::builder().trace(&context).build();
        let find = sqlx::query("SELECT id FROM players").fetch_all(&pool);
        find.in_scope(scope).await.unwrap();
        assert_eq!(spans.spans(), []);
        metrics.single(DURATION);
    }

    async fn a_statement_without_a_parent_is_a_root(pool, _system) {
        let spans = capture_spans();
        sqlx::query("SELECT id FROM players").fetch_all(&pool).await.unwrap();
        assert_eq!(spans.single("SELECT players").parent_span_id, None);
    }
}

#[tokio::test]
async fn lines_of_the_driver_have_the_span_of_the_statement() {
    crate::databases::postgres(async |pool| {
        let (spans, logs) = (capture_spans(), capture_logs());
        let warn = "DO $$ BEGIN RAISE WARNING 'the season has ended'; END $$";
        sqlx::raw_sql(warn)
            .execute(&pool)
            .in_scope(request("abc-123"))
            .await
            .unwrap();
        let span = spans.single("DO");
        let events = logs.events();
        let line = events.iter().find(|event| {
            event
                .get("span_id")
                .is_some_and(|id| *id == span.span_id.as_str())
        });
        let line = line.unwrap_or_else(|| panic!("no line among {events:?}"));
        assert_eq!(line["request.id"], "abc-123");
    })
    .await;
}
