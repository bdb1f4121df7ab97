//! What is recorded of commands and pipelines.

use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, global};
use redis::{AsyncCommands as _, Value};
use telemetry_core::{FutureExt as _, Scope};
use telemetry_otel::testing::{AttributeValue, capture_metrics, capture_spans, sorted};
use telemetry_redis::TracedConnection;

use crate::{DURATION, Fake};

#[tokio::test]
async fn a_command_is_a_span_and_a_measurement_by_the_conventions() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let client = redis::Client::open("redis://someone:s3cret@cache.example:6380/3").unwrap();
    let mut cache = TracedConnection::builder()
        .with_connection_info(client.get_connection_info())
        .build(Fake([Ok(Value::Int(7))].into()));
    let value: i64 = cache.get("session:5").await.unwrap();
    assert_eq!(value, 7);
    let span = spans.single("GET");
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    let expected = [
        ("db.namespace", "3".into()),
        ("db.operation.name", "GET".into()),
        ("db.system.name", "redis".into()),
        ("server.address", "cache.example".into()),
        ("server.port", 6380.into()),
    ];
    assert_eq!(sorted(&span.attributes), expected);
    let duration = metrics.single(DURATION);
    assert_eq!(duration.unit, "s");
    assert_eq!(sorted(&duration.attributes), expected);
    assert!(duration.value < 10.0);
}

#[tokio::test]
async fn a_pipeline_is_one_span_with_the_name_that_its_commands_share() {
    let spans = capture_spans();
    let answer = || Ok(Value::Array(Vec::new()));
    for (pipeline, name, size) in [
        (
            redis::pipe()
                .cmd("SET")
                .arg("a")
                .arg(1)
                .cmd("set")
                .arg("b")
                .arg(2)
                .clone(),
            "PIPELINE SET",
            Some(2),
        ),
        (
            redis::pipe()
                .cmd("SET")
                .arg("a")
                .arg(1)
                .cmd("GET")
                .arg("a")
                .clone(),
            "PIPELINE",
            Some(2),
        ),
        (
            redis::pipe().cmd("GET").arg("a").clone(),
            "PIPELINE GET",
            None,
        ),
        (
            redis::pipe()
                .atomic()
                .cmd("INCR")
                .arg("a")
                .cmd("INCR")
                .arg("b")
                .clone(),
            "MULTI INCR",
            Some(2),
        ),
    ] {
        let mut cache = Fake::answering(answer());
        let _ignored: redis::RedisResult<Value> = pipeline.query_async(&mut cache).await;
        let span = spans.single(name);
        assert_eq!(span["db.operation.name"], opentelemetry::Value::from(name));
        assert_eq!(
            span.get("db.operation.batch.size"),
            size.map(AttributeValue::from).as_ref()
        );
    }
}

#[tokio::test]
async fn a_span_is_beneath_the_one_that_is_current_and_its_lines_have_the_context() {
    let spans = capture_spans();
    let request = Context::new().with_span(global::tracer("test").start("request"));
    let scope = Scope::builder().trace(&request).build();
    async {
        let mut cache = Fake::answering(Ok(Value::Okay));
        let _: () = cache.set("a", 1).await.unwrap();
    }
    .in_scope(scope)
    .await;
    request.span().end();
    assert_eq!(spans.tree(), "request\n  SET\n");
}

#[tokio::test]
async fn what_is_no_command_has_no_name_of_its_own() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let long = "X".repeat(33);
    for name in ["", "two words", "geheim\u{df}", &long] {
        let mut cache = Fake::answering(Ok(Value::Okay));
        let _: Value = redis::cmd(name).query_async(&mut cache).await.unwrap();
    }
    assert_eq!(spans.tree(), "_OTHER\n_OTHER\n_OTHER\n_OTHER\n");
    for duration in metrics.named(DURATION) {
        assert_eq!(duration.get("db.operation.name"), Some(&"_OTHER".into()));
    }
}

#[tokio::test]
async fn the_inner_connection_is_there() {
    let cache = Fake::answering(Ok(Value::Okay));
    assert_eq!(cache.0.len(), 1);
    assert_eq!(cache.into_inner().0.len(), 1);
}

#[tokio::test]
async fn words_that_are_no_commands_fill_no_metric() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    for number in 0..2_000 {
        let mut cache = Fake::answering(Ok(Value::Nil));
        let command = redis::cmd(&format!("USER-{number}"));
        let _: Value = command.query_async(&mut cache).await.unwrap();
    }
    let mut cache = Fake::answering(Ok(Value::Nil));
    let _: Value = redis::cmd("GETDEL")
        .arg("a")
        .query_async(&mut cache)
        .await
        .unwrap();
    let of = |name: &str| {
        let all = metrics.named(DURATION);
        all.iter()
            .filter(|one| one.get("db.operation.name") == Some(&name.to_owned().into()))
            .count()
    };
    assert_eq!(of("GETDEL"), 1);
    assert_eq!(of("USER-0") + of("_OTHER"), 1_901);
    assert_eq!(spans.single("USER-1999")["db.operation.name"], "USER-1999");
}
