//! Jobs that end badly, as their spans and metrics tell it.

use std::error::Error;
use std::fmt::{self, Display};
use std::future::pending;
use std::task::{Context, Waker};

use apalis_core::error::AbortError;
use opentelemetry::trace::Status;
use telemetry_jobs::JobTelemetryLayer;
use telemetry_otel::testing::{CapturedSpan, Measurement, capture_metrics, capture_spans};
use tower::{Layer as _, Service as _, service_fn};

use crate::{run, task};

/// Asserts what span and metric say of a failure.
#[track_caller]
fn assert_failed(span: &CapturedSpan, duration: &Measurement, error_type: &str, error: &str) {
    assert_eq!(span.status, Status::error(error.to_owned()));
    assert_eq!(span["error.type"], error_type);
    assert_eq!(
        duration.get("error.type"),
        Some(&error_type.to_owned().into())
    );
    assert_eq!(duration.attributes.len(), 4);
    let event = span.event("exception");
    assert_eq!(event["exception.message"], error);
    assert!(span.start <= event.timestamp && event.timestamp <= span.end);
}

#[tokio::test]
async fn errors_are_told_by_their_class() {
    for (is_aborted, class, error) in [
        (false, "_OTHER", "no standings"),
        (true, "aborted", "AbortError: no standings"),
    ] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let failed = run(task([]).build(), || async move {
            if is_aborted {
                return Err(AbortError::new("no standings").into());
            }
            Err("no standings".into())
        });
        assert_eq!(failed.await.unwrap_err().to_string(), error);
        let span = spans.single("process standings");
        let duration = metrics.single("messaging.process.duration");
        assert_failed(&span, &duration, class, error);
    }
}

#[tokio::test]
async fn a_panic_is_an_exception() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let panicked = telemetry_core::spawn(async {
        run(task([]).build(), || async {
            panic!("tournament {} is lost", 5)
        })
        .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let span = spans.single("process standings");
    let duration = metrics.single("messaging.process.duration");
    assert_failed(&span, &duration, "panic", "panic: tournament 5 is lost");
    let stack = &span.event("exception")["exception.stacktrace"];
    assert!(stack.to_string().contains("failures.rs"));
}

#[tokio::test]
async fn a_service_that_panics_when_it_is_called_has_failed() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let panicked = telemetry_core::spawn(async {
        run(task([]).build(), || -> std::future::Pending<_> {
            panic!("no")
        })
        .await
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let span = spans.single("process standings");
    let duration = metrics.single("messaging.process.duration");
    assert_failed(&span, &duration, "panic", "panic: no");
}

#[tokio::test]
async fn a_job_that_is_dropped_is_cancelled_once() {
    for is_polled in [false, true] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let handler = service_fn(|_| pending::<Result<(), apalis_core::error::BoxDynError>>());
        let mut service = JobTelemetryLayer::new().layer(handler);
        let mut job = Box::pin(service.call(task([]).build()));
        if is_polled {
            let polled = job.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert_eq!(spans.spans(), []);
        drop(job);
        let span = spans.single("process standings");
        let duration = metrics.single("messaging.process.duration");
        let error = "cancelled: dropped before it ended";
        assert_failed(&span, &duration, "cancelled", error);
    }
}

/// An error whose text cannot be had, and that is its own cause.
#[derive(Debug)]
struct Broken;

impl Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half")?;
        Err(fmt::Error)
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self)
    }
}

#[tokio::test]
async fn a_job_whose_error_is_broken_has_failed() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let failed = run(task([]).build(), || async { Err(Broken.into()) });
    assert!(failed.await.unwrap_err().is::<Broken>());
    let span = spans.single("process standings");
    let duration = metrics.single("messaging.process.duration");
    let error = "half[failed while formatting]";
    assert_failed(&span, &duration, "_OTHER", error);
    let stack = span.event("exception")["exception.stacktrace"].to_string();
    assert_eq!(stack.matches("caused by: half").count(), 32);
    assert!(stack.ends_with("\ncaused by: … more causes"));
}

#[tokio::test]
async fn a_job_whose_error_shows_a_url_keeps_its_secrets() {
    let spans = capture_spans();
    let failed = run(task([]).build(), || async {
        Err("no route to postgres://app:sesame@db/x".into())
    });
    failed.await.unwrap_err();
    let span = spans.single("process standings");
    let error = "no route to postgres://[redacted]@db/x";
    assert_eq!(span.status, Status::error(error));
}
