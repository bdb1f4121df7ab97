//! Keeps a table in Redis, within a request. Start it with `OTEL_ENABLED=true`,
//! `OTEL_TRACES_EXPORTER=console` and `OTEL_TRACES_SAMPLER=always_on` to see the spans.

use std::time::Duration;

use opentelemetry::global;
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use redis::AsyncCommands as _;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_redis::TracedConnection;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = telemetry_otel::init()?;
    let client = redis::Client::open("redis://127.0.0.1:6379/")?;
    let connection = client.get_connection_manager().await?;
    let mut cache = TracedConnection::builder()
        .with_connection_info(client.get_connection_info())
        .build(connection);
    let request = opentelemetry::Context::new().with_span(global::tracer("example").start("GET /"));
    let mut scope = Scope::builder();
    scope.field("request.id", "abc-123").trace(&request);
    async {
        let _: () = cache.set_ex("standings:5", "…", 60).await?;
        let _: Option<String> = cache.get("standings:5").await?;
        let not_a_number: redis::RedisResult<i64> = cache.incr("standings:5", 1).await;
        tracing::info!(has_failed = not_a_number.is_err(), "counted");
        redis::pipe()
            .del("standings:5")
            .ignore()
            .del("standings:6")
            .ignore()
            .exec_async(&mut cache)
            .await
    }
    .in_scope(scope.build())
    .await?;
    request.span().end();
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
