//! What is dropped before it has ended.

use futures_util::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use opentelemetry::trace::Status;
use telemetry_otel::testing::{CapturedSpan, capture_metrics, capture_spans};

use crate::databases::on_each_database;
use crate::{DURATION, begin};

/// A caller that drops its own call makes no error of it.
fn assert_no_failure(span: &CapturedSpan) {
    assert_eq!(span.get("error.type"), None);
    assert_eq!(span.status, Status::Unset);
}

on_each_database! {
    async fn a_stream_that_is_left_after_a_row_has_not_failed(pool, _system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let mut rows = sqlx::query("SELECT id FROM players").fetch(&pool);
        rows.try_next().await.unwrap();
        assert_eq!(spans.spans(), []);
        drop(rows);
        let span = spans.single("SELECT players");
        assert_eq!(span.status, Status::Unset);
        assert_eq!(span["db.response.returned_rows"], 1);
        assert_eq!(metrics.single(DURATION).get("error.type"), None);
    }

    async fn a_stream_that_is_dropped_while_it_waits_ends_once_and_has_not_failed(pool, _system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let _held = pool.acquire().await.unwrap();
        let mut rows = sqlx::query("SELECT id FROM players").fetch(&pool);
        begin(&mut rows.next());
        drop(rows);
        assert_no_failure(&spans.single("SELECT players"));
        assert_eq!(metrics.single(DURATION).get("error.type"), None);
    }

    async fn a_future_that_is_dropped_ends_once_and_has_not_failed(pool, _system) {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let held = pool.acquire().await.unwrap();
        let query = || sqlx::query("SELECT id FROM players");
        begin(&mut query().fetch_optional(&pool).boxed());
        begin(&mut query().execute(&pool).boxed());
        begin(&mut query().fetch_all(&pool).boxed());
        let spans = spans.spans();
        assert_eq!(spans.len(), 3);
        spans.iter().for_each(assert_no_failure);
        let durations = metrics.named(DURATION);
        assert_eq!(durations.len(), 3);
        assert!(durations.iter().all(|one| one.get("error.type").is_none()));
        drop(held);
        // The pool is as good as before.
        assert_eq!(query().fetch_all(&pool).await.unwrap().len(), 3);
    }

    async fn a_statement_that_panics_above_has_the_type_panic(pool, _system) {
        let spans = capture_spans();
        let rows = sqlx::query("SELECT id FROM players").fetch(&pool);
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || {
            let _rows = rows;
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        let span = spans.single("SELECT players");
        assert_eq!(span["error.type"], "panic");
        assert_eq!(span.status, Status::error("panic: dropped while the thread panicked"));
    }
}
