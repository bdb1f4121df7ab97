//! Jobs that run: their spans and their metrics.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status, Tracer as _};
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::{capture_metrics, capture_spans, sorted};

use crate::{PRODUCER, TRACE, dimensions, run, succeed, task, traced};

#[tokio::test]
async fn a_job_run_at_once_is_a_child_of_its_producers_span() {
    let (logs, spans) = (capture_logs(), capture_spans());
    let baggage = "request.id=abc-123,user.id=42,labels=tournament%2Cdraft";
    let task = traced([("telemetry.baggage", baggage)]);
    let work = || async {
        telemetry_core::bind("tournament.id", 5);
        telemetry_core::bind("messaging.system", "not ours");
        opentelemetry::global::tracer("test").in_span("query", |_| {});
        succeed().await
    };
    run(task, work).await.unwrap();

    let span = spans.single("process standings");
    assert_eq!(span.kind, SpanKind::Consumer);
    assert_eq!(span.trace_id, TRACE);
    assert_eq!(span.parent_span_id.as_deref(), Some(PRODUCER));
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.links.len(), 0);
    let labels = opentelemetry::Array::String(vec!["tournament".into(), "draft".into()]);
    assert_eq!(
        sorted(&span.attributes),
        [
            ("labels", Value::Array(labels)),
            ("messaging.destination.name", "standings".into()),
            ("messaging.message.id", "01KAJN3QZ8M5T0W9Y7X4V2R6BC".into()),
            ("messaging.operation.name", "process".into()),
            ("messaging.operation.type", "process".into()),
            ("messaging.system", "apalis".into()),
            ("request.id", "abc-123".into()),
            ("task.attempt", 1.into()),
            ("task.id", "01KAJN3QZ8M5T0W9Y7X4V2R6BC".into()),
            ("task.name", "Recompute".into()),
            ("tournament.id", 5.into()),
            ("user.id", 42.into()),
        ]
    );
    assert_eq!(
        spans.single("query").parent_span_id,
        Some(span.span_id.clone())
    );
    for event in ["task_started", "task_completed"] {
        assert_eq!(logs.single(event)["trace_id"], TRACE);
        assert_eq!(logs.single(event)["span_id"], span.span_id.as_str());
    }
}

#[tokio::test]
async fn a_job_for_later_begins_a_trace_with_a_link() {
    let spans = capture_spans();
    let task = traced([("telemetry.deferred", "true")]);
    run(task, succeed).await.unwrap();
    let span = spans.single("process standings");
    assert_eq!(span.parent_span_id, None);
    assert_ne!(span.trace_id, TRACE);
    assert_eq!(span.links.len(), 1);
    let producer = &span.links[0].span_context;
    assert_eq!(producer.trace_id().to_string(), TRACE);
    assert_eq!(producer.span_id().to_string(), PRODUCER);
}

#[tokio::test]
async fn a_job_of_nobody_begins_a_trace() {
    let spans = capture_spans();
    run(task([]).build(), succeed).await.unwrap();
    let span = spans.single("process standings");
    assert_eq!(span.parent_span_id, None);
    assert_eq!(span.links.len(), 0);
}

#[tokio::test]
async fn a_job_is_measured_without_its_context() {
    let metrics = capture_metrics();
    let due = SystemTime::now() - Duration::from_secs(90);
    let due = due.duration_since(UNIX_EPOCH).unwrap().as_micros();
    let due = due.to_string();
    let baggage = ("telemetry.baggage", "request.id=abc-123,user.id=42");
    let task = traced([("telemetry.due_at", &*due), baggage]);
    run(task, succeed).await.unwrap();

    let consumed = metrics.single("messaging.client.consumed.messages");
    assert_eq!((consumed.value, &*consumed.unit), (1.0, "{message}"));
    let duration = metrics.single("messaging.process.duration");
    assert!((0.0..60.0).contains(&duration.value));
    assert_eq!(duration.unit, "s");
    let latency = metrics.single("messaging.queue.latency");
    assert!((90.0..150.0).contains(&latency.value), "{latency:?}");
    assert_eq!(latency.unit, "s");
    for measurement in metrics.measurements() {
        assert_eq!(
            sorted(&measurement.attributes),
            dimensions("process", "standings")
        );
    }
    assert_eq!(metrics.measurements().len(), 3);
}

#[tokio::test]
async fn only_the_first_attempt_tells_how_long_a_job_waited() {
    let metrics = capture_metrics();
    let due_at = [("telemetry.due_at", "1")];
    run(task(due_at).attempt(1).build(), succeed).await.unwrap();
    assert_eq!(metrics.named("messaging.queue.latency"), []);
    assert_eq!(metrics.named("messaging.process.duration").len(), 1);
}

#[tokio::test]
async fn a_job_that_is_early_by_this_clock_waited_for_nothing() {
    let metrics = capture_metrics();
    let far = u64::MAX.to_string();
    for due in [&*far, "", "-1", "soon", "1e9", "99999999999999999999999"] {
        let due_at = [("telemetry.due_at", due)];
        run(task(due_at).build(), succeed).await.unwrap();
    }
    assert_eq!(metrics.values("messaging.queue.latency"), [0.0]);
}

#[tokio::test]
async fn queues_of_users_leave_room_for_the_others() {
    let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
    for user in 0..2_000 {
        let job = task([]).queue(format!("user-{user}").into());
        run(job.build(), succeed).await.unwrap();
    }
    run(task([]).queue("mail".into()).build(), succeed)
        .await
        .unwrap();
    for metric in [
        "messaging.client.consumed.messages",
        "messaging.process.duration",
    ] {
        let all = metrics.named(metric);
        let of = |queue: &str| {
            let of_queue = all.iter().filter(|one| {
                let name = one.get("messaging.destination.name").unwrap();
                *name == queue
            });
            of_queue.count()
        };
        assert_eq!((of("mail"), of("user-1999")), (1, 0), "{metric}");
        assert!(of("_OTHER") >= 1_900, "{metric}");
    }
    let span = spans.single("process user-1999");
    assert_eq!(span["messaging.destination.name"], "user-1999");
    let line = logs.single("metric_attribute_bounded");
    assert_eq!(line["metric_attribute"], "messaging.destination.name");
    assert_eq!(line["value_limit"], 200);
}
