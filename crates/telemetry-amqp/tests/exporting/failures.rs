//! Messages that fail, as their spans and metrics tell it.

use std::future::pending;
use std::time::Duration;

use opentelemetry::trace::Status;
use telemetry_amqp::Delivered;
use telemetry_core::FutureExt as _;
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::{CapturedSpan, Measurement, capture_metrics, capture_spans};

use crate::place::with_place;
use crate::{PROCESS, request, started};

/// Asserts what span and metric say of a failure.
#[track_caller]
fn assert_failed(span: &CapturedSpan, duration: &Measurement, error_type: &str, error: &str) {
    assert_eq!(span.status, Status::error(error.to_owned()));
    assert_eq!(span["error.type"], error_type);
    assert_eq!(duration["error.type"], error_type);
    let event = span.event("exception");
    assert_eq!(event["exception.message"], error);
    assert!(span.start <= event.timestamp && event.timestamp <= span.end);
}

#[tokio::test]
async fn each_attempt_has_a_span_beneath_that_of_the_sender() {
    with_place(async |place| {
        let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
        let broker = place.broker();
        let published = broker.publish(started(place)).in_scope(request());
        published.await.unwrap();
        let handler = |message: Delivered| async move {
            assert_ne!(message.attempt(), 2, "message 7 is lost");
            Err::<(), _>("the channel is full")
        };
        let shutdown = async {
            logs.wait_for("message_failed").await;
        };
        let soon = Duration::from_millis(1);
        let consumer = broker.consume(&place.queue).with_attempts(3);
        let consumer = consumer.with_retry_delays(soon, soon);
        consumer.run(handler, shutdown).await;

        let (publish, process) = (&place.exchange, &place.queue);
        assert_eq!(
            spans.tree(),
            format!(
                "request\n  publish {publish}\n    process {process}\n    process {process}\n    process {process}\n"
            )
        );
        let attempts = spans.spans();
        let attempt = |number: i64| {
            let mut attempts = attempts.iter();
                        attempts
                .find(|span| span.get("delivery.attempt") == Some(&number.into()))
                .unwrap()
        };
        let durations = metrics.named(PROCESS);
        let error = "the channel is full";
        assert_failed(attempt(1), &durations[0], "_OTHER", error);
        let status = format!("{:?}", attempt(2).status);
        assert!(status.contains("message 7 is lost"), "{status}");
        assert_eq!(attempt(2)["error.type"], "panic");
        assert_eq!(durations[1].get("error.type"), Some(&"panic".into()));
        assert_failed(attempt(3), &durations[2], "_OTHER", error);
    })
    .await;
}

#[tokio::test]
async fn an_attempt_that_is_dropped_is_cancelled_once() {
    with_place(async |place| {
        let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
        let broker = place.broker();
        broker.publish(started(place)).await.unwrap();
        let handler = |_: Delivered| pending::<Result<(), String>>();
        tokio::select! {
            () = broker.consume(&place.queue).run(handler, pending()) => {}
            _ = logs.wait_for("message_received") => {}
        }
        logs.wait_for("message_retrying").await;
        let span = spans.single(&format!("process {}", place.queue));
        let duration = metrics.single(PROCESS);
        let error = "cancelled: dropped before it ended";
        assert_failed(&span, &duration, "cancelled", error);
    })
    .await;
}
