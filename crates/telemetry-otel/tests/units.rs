//! Units of work that applications open themselves, as they are exported.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use opentelemetry::trace::{SpanKind, Status};
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope, UnitOfWork, bind, names, record_error};
use telemetry_otel::testing::capture_spans;
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
    assert_eq!(span.get(names::ERROR_TYPE), Some(&"timeout".into()));
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
    assert_eq!(
        spans.single("check").status,
        Status::error("[panicked while formatting]: … more causes")
    );
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
    let exception = &panicked.events[0];
    assert_eq!(exception.name, "exception");
    let stack = exception.attributes.iter();
    let mut stack = stack.filter(|attribute| attribute.key.as_str() == "exception.stacktrace");
    let stack = stack.next().unwrap().value.as_str().into_owned();
    assert!(
        stack.starts_with("panicked at crates/telemetry-otel/tests/units.rs:"),
        "{stack}"
    );

    let dropped = spans.single("dropped");
    assert_eq!(dropped.get(names::ERROR_TYPE), Some(&"cancelled".into()));
    assert_eq!(
        dropped.status,
        Status::error("cancelled: dropped before it ended")
    );
}
