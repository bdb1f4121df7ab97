//! Commands that fail.

use std::io;
use std::task::{Context, Waker};

use opentelemetry::trace::Status;
use redis::{AsyncCommands as _, ErrorKind, RedisError, RedisResult, Value};
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::{DURATION, Fake};

/// Sends a command that fails; its `error.type` and `db.response.status_code`.
async fn fail(error: RedisError) -> (String, Option<String>) {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let told = error.to_string();
    let mut cache = Fake::answering(Err(error));
    let answer: RedisResult<i64> = cache.get("session:5").await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        told,
        "the error is as it was"
    );
    let span = spans.single("GET");
    // Messages quote arguments.
    assert_eq!(span.status, Status::error(""));
    let duration = metrics.single(DURATION);
    let of = |name| span.get(name).map(ToString::to_string);
    assert_eq!(duration.get("error.type"), span.get("error.type"));
    let code = "db.response.status_code";
    assert_eq!(duration.get(code), span.get(code));
    (of("error.type").unwrap(), of(code))
}

fn server_error(line: &str) -> RedisError {
    let Err(error) =
        redis::parse_redis_value(format!("-{line}\r\n").as_bytes()).and_then(Value::extract_error)
    else {
        panic!("{line} is no error");
    };
    error
}

#[tokio::test]
async fn an_error_of_redis_has_its_code() {
    for (line, code) in [
        (
            "WRONGTYPE Operation against a key holding the wrong kind of value",
            "WRONGTYPE",
        ),
        (
            "ERR unknown command 'abc', with args beginning with: 's3cret'",
            "ERR",
        ),
        ("NOSCRIPT No matching script", "NOSCRIPT"),
    ] {
        let failed = fail(server_error(line)).await;
        assert_eq!(failed, (code.to_owned(), Some(code.to_owned())), "{line}");
    }
    // What a script says is no code.
    for said in [
        "user-5-is-not-welcome here",
        "USERFIVE is not welcome",
        "ERRX no",
    ] {
        let failed = fail(server_error(said)).await;
        assert_eq!(failed, ("_OTHER".to_owned(), None), "{said}");
    }
}

#[tokio::test]
async fn other_errors_have_their_class() {
    let io = |kind| RedisError::from(io::Error::from(kind));
    for (error, class) in [
        (io(io::ErrorKind::TimedOut), "timeout"),
        (io(io::ErrorKind::BrokenPipe), "io"),
        ((ErrorKind::Client, "no").into(), "client"),
        ((ErrorKind::UnexpectedReturnType, "no").into(), "_OTHER"),
    ] {
        assert_eq!(fail(error).await, (class.to_owned(), None));
    }
}

#[tokio::test]
async fn the_first_failure_within_a_pipeline_is_that_of_the_pipeline() {
    let spans = capture_spans();
    let Err(error) = redis::parse_redis_value(b"-WRONGTYPE no\r\n").and_then(Value::extract_error)
    else {
        panic!("no error");
    };
    let mut cache = Fake::answering(Err(error));
    let mut pipeline = redis::pipe();
    pipeline.cmd("INCR").arg("a").cmd("GET").arg("a");
    let answer: RedisResult<Value> = pipeline.query_async(&mut cache).await;
    answer.unwrap_err();
    let span = spans.single("PIPELINE");
    assert_eq!(span["error.type"], "WRONGTYPE");
}

#[tokio::test]
async fn a_command_that_is_dropped_before_its_answer_has_not_failed() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let mut cache = telemetry_redis::TracedConnection::new(Fake::default());
    let mut command = redis::cmd("BLPOP");
    command.arg("queue").arg(0);
    {
        let mut answer = std::pin::pin!(command.query_async::<Value>(&mut cache));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(answer.as_mut().poll(&mut cx).is_pending());
        assert!(spans.spans().is_empty());
    }
    let span = spans.single("BLPOP");
    assert_eq!(span.get("error.type"), None);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(metrics.single(DURATION).get("error.type"), None);
}
