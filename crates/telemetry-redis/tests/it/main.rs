//! Where nothing exports: commands are those of the connection alone.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};
use telemetry_redis::{QueryText, TracedConnection};

/// Counts the futures that it gives.
#[derive(Default)]
struct Counting(AtomicUsize);

impl ConnectionLike for Counting {
    fn req_packed_command<'a>(&'a mut self, _: &'a Cmd) -> RedisFuture<'a, Value> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Box::pin(async { Ok(Value::Int(7)) })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        _: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        assert_eq!(pipeline.len(), count);
        Box::pin(async move { Ok(vec![Value::Int(7); count]) })
    }

    fn get_db(&self) -> i64 {
        0
    }
}

#[tokio::test]
async fn commands_and_pipelines_go_through() {
    let mut cache = TracedConnection::builder()
        .with_query_text(QueryText::Values)
        .build(Counting::default());
    let value: i64 = redis::cmd("GET")
        .arg("a")
        .query_async(&mut cache)
        .await
        .unwrap();
    assert_eq!(value, 7);
    let values: (i64, i64) = redis::pipe()
        .cmd("GET")
        .arg("a")
        .cmd("GET")
        .arg("b")
        .query_async(&mut cache)
        .await
        .unwrap();
    assert_eq!(values, (7, 7));
    assert_eq!(cache.get_db(), 0);
    assert_eq!(cache.0.load(Ordering::Relaxed), 1);
}
