//! Units of work that applications open themselves, as they are exported.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use telemetry_core::testing::capture_logs;
use telemetry_core::{
    Failure, FutureExt as _, Scope, UnitOfWork, bind, instrument, names, record_error,
};
use telemetry_otel::testing::{CapturedSpan, capture_spans};
use tracing::Instrument as _;

#[tokio::test]
async fn a_unit_of_work_is_a_root_span_and_a_scope_with_a_request_id() {
    let (spans, logs) = (capture_spans(), capture_logs());
    UnitOfWork::new("check")
        .with_field("batch", 50)
        .run(async {
            tracing::info!("checked");
            bind("due", 3);
            async {}.instrument(tracing::info_span!("query")).await;
        })
        .await;
    assert_eq!(spans.tree(), "check\n  query\n");
    let span = spans.single("check");
    assert_eq!(
        (span.kind.clone(), &span.status),
        (SpanKind::Internal, &Status::Unset)
    );
    assert_eq!(span.get("batch"), Some(&50.into()));
    assert_eq!(span.get("due"), Some(&3.into()));
    let line = logs.single("checked");
    assert_eq!(line["batch"], 50);
    assert_eq!(line[names::TRACE_ID], span.trace_id.as_str());
    let id = line[names::REQUEST_ID].as_str().unwrap().to_owned();
    assert_eq!(span.get(names::REQUEST_ID), Some(&id.into()));
}

#[tokio::test]
async fn within_another_unit_it_keeps_the_request_id_alone_and_is_linked() {
    let spans = capture_spans();
    let outer = Scope::builder()
        .field(names::REQUEST_ID, "abc-123")
        .field("outer", 1)
        .build();
    let request = async {
        UnitOfWork::new("request")
            .run(async {
                let command = UnitOfWork::new("command").with_kind(SpanKind::Server);
                command.run(async {}).await;
            })
            .await;
    };
    request.in_scope(outer).await;
    let command = spans.single("command");
    assert_eq!(command.get(names::REQUEST_ID), Some(&"abc-123".into()));
    assert_eq!(command.get("outer"), None);
    assert_eq!(
        (command.kind, command.parent_span_id),
        (SpanKind::Server, None)
    );
    let request = spans.single("request");
    assert_ne!(command.trace_id, request.trace_id);
    let linked: Vec<_> = command
        .links
        .iter()
        .map(|link| link.span_context.span_id().to_string())
        .collect();
    assert_eq!(linked, [request.span_id]);
}

/// An event of the same form, whatever recorded it, and not later than its span.
fn assert_exception(span: &CapturedSpan, message: &str, stack: Option<&str>) {
    let event = span.event("exception");
    assert_eq!(event["exception.message"], message);
    match stack {
        Some(stack) => assert_eq!(event["exception.stacktrace"], stack),
        None => assert_eq!(event.get("exception.stacktrace"), None),
    }
    assert!(span.start <= event.timestamp, "{span:?}");
    assert!(event.timestamp <= span.end, "{span:?}");
}

#[tokio::test]
async fn an_error_that_is_recorded_marks_the_current_span_as_failed() {
    let spans = capture_spans();
    let error = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer");
    UnitOfWork::new("check")
        .run(async { record_error("timeout", &error) })
        .await;
    record_error("nobody", &error);
    let span = spans.single("check");
    assert_eq!(span.status, Status::error("no answer"));
    assert_eq!(span[names::ERROR_TYPE], "timeout");
    assert_exception(&span, "no answer", None);
}

#[tokio::test]
async fn a_report_of_anyhow_is_recorded_with_its_causes() {
    let spans = capture_spans();
    let cause = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer");
    let report = anyhow::Error::from(cause).context("the API did not answer");
    let boxed: Box<dyn std::error::Error + Send + Sync> = "lost".into();
    let sending = async {
        async { record_error("notification_failed", &report) }
            .instrument(tracing::info_span!("send"))
            .await;
        record_error("cycle_failed", &boxed);
    };
    UnitOfWork::new("check").run(sending).await;
    let (send, check) = (spans.single("send"), spans.single("check"));
    assert_eq!(
        send.status,
        Status::error("the API did not answer: no answer")
    );
    assert_exception(
        &send,
        "the API did not answer: no answer",
        Some("the API did not answer\ncaused by: no answer"),
    );
    assert_exception(&check, "lost", None);
}

/// An error that is its own cause, and whose text cannot be had.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("on purpose")
    }
}

impl std::error::Error for Broken {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self)
    }
}

#[tokio::test]
async fn an_error_that_is_broken_marks_the_current_span_as_failed() {
    let spans = capture_spans();
    UnitOfWork::new("check")
        .run(async { record_error("broken", &Broken) })
        .await;
    let span = spans.single("check");
    let text = "[panicked while formatting]: … more causes";
    assert_eq!(span.status, Status::error(text));
    assert_eq!(span.event("exception")["exception.message"], text);
}

#[tokio::test]
async fn a_unit_that_panics_or_is_dropped_is_recorded_as_failed() {
    let spans = capture_spans();
    let panicking = UnitOfWork::new("panicking").run(async { panic!("no such game") });
    assert!(telemetry_core::spawn(panicking).await.is_err());
    let pending = UnitOfWork::new("dropped").run(std::future::pending::<()>());
    let mut pending = Box::pin(pending);
    assert!(futures_util::poll!(&mut pending).is_pending());
    drop(pending);
    let panicked = spans.single("panicking");
    assert_eq!(panicked.get(names::ERROR_TYPE), Some(&"panic".into()));
    assert_eq!(panicked.status, Status::error("panic: no such game"));
    let exception = panicked.event("exception");
    assert_eq!(exception["exception.type"], "panic");
    let stack = exception["exception.stacktrace"].as_str().unwrap();
    assert!(
        stack.starts_with("panicked at crates/telemetry-otel/tests/units.rs:"),
        "{stack}"
    );
    assert_exception(&panicked, "panic: no such game", Some(stack));

    let dropped = spans.single("dropped");
    assert_eq!(dropped.get(names::ERROR_TYPE), Some(&"cancelled".into()));
    assert_eq!(
        dropped.status,
        Status::error("cancelled: dropped before it ended")
    );
    assert_exception(&dropped, "cancelled: dropped before it ended", None);
}

#[test]
fn an_exception_is_not_later_than_a_span_whose_end_is_given() {
    let spans = capture_spans();
    let start = SystemTime::now() - Duration::from_secs(60);
    for (name, end) in [
        ("past", Some(start + Duration::from_secs(1))),
        ("future", Some(start + Duration::from_secs(120))),
        ("now", None),
    ] {
        let tracer = opentelemetry::global::tracer("test");
        let builder = tracer.span_builder(name).with_start_time(start);
        let context = Context::new().with_span(builder.start(&tracer));
        let failure = Failure::new("lost").with_error("the connection was lost");
        let scope = Scope::builder().build();
        instrument::end_span(&context, [], Some(&failure), &scope, &[], end);
        let span = spans.single(name);
        assert_exception(&span, "the connection was lost", None);
        assert_eq!(span.event("exception").timestamp, span.end);
        assert!(end.is_none_or(|end| span.end == end));
    }
}

#[test]
fn captured_spans_show_no_secret_as_exported_ones_do_not() {
    let spans = capture_spans();
    let login = tracing::info_span!("login", password = "sesame", player = "sven");
    login.in_scope(|| {
        Context::current()
            .span()
            .add_event("checked", vec![KeyValue::new("api_key", "sesame")]);
    });
    drop(login);
    let span = spans.single("login");
    assert_eq!(span["password"], "[redacted]");
    assert_eq!(span["player"], "sven");
    assert_eq!(span.events[0]["api_key"], "[redacted]");
}
