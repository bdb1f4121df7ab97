//! Messages that are handled: their spans and their metrics.

use std::convert::Infallible;

use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status, Tracer as _};
use telemetry_amqp::{Delivered, Message};
use telemetry_core::FutureExt as _;
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::{capture_metrics, capture_spans, sorted};

use crate::place::with_place;
use crate::{CONSUMED, PROCESS, dimensions, request, started};

#[tokio::test]
async fn an_attempt_is_a_child_of_its_senders_span() {
    with_place(async |place| {
        let (logs, spans, metrics) = (capture_logs(), capture_spans(), capture_metrics());
        let broker = place.broker();
        let published = broker.publish(started(place)).in_scope(request());
        published.await.unwrap();
        let next = Message::new(&place.exchange, "game.ended", "a").with_mandatory(false);
        let (publisher, next) = (broker.clone(), next.clone());
        let handler = move |message: Delivered| {
            let (publisher, next) = (publisher.clone(), next.clone());
            async move {
                if message.routing_key() == "game.started" {
                    telemetry_core::bind("game.id", 7);
                    telemetry_core::bind("messaging.system", "not ours");
                    opentelemetry::global::tracer("test").in_span("query", |_| {});
                    publisher.publish(next).await.unwrap();
                }
                Ok::<_, Infallible>(())
            }
        };
        let shutdown = crate::place::until(async || logs.named("message_processed").len() == 2);
        broker.consume(&place.queue).run(handler, shutdown).await;

        let (publish, process) = (
            format!("publish {}", place.exchange),
            format!("process {}", place.queue),
        );
        assert_eq!(
            spans.tree(),
            format!(
                "request\n  {publish}\n    {process}\n      query\n      {publish}\n        {process}\n"
            )
        );
        let spans = spans.spans();
        let is_first = |span: &&telemetry_otel::testing::CapturedSpan| {
            span.name == process && span.get("game.id").is_some()
        };
        let span = spans.iter().find(is_first).unwrap();
        assert_eq!(span.kind, SpanKind::Consumer);
        assert_eq!(span.status, Status::Unset);
        assert_eq!(span.links.len(), 0);
        let (host, port) = place.address().split_once(':').unwrap();
        let destination = format!("{}:game.started:{}", place.exchange, place.queue);
        assert_eq!(
            sorted(&span.attributes),
            [
                ("delivery.attempt", Value::from(1)),
                ("game.id", 7.into()),
                ("messaging.destination.name", destination.into()),
                ("messaging.message.body.size", 6.into()),
                ("messaging.message.id", "7".into()),
                ("messaging.operation.name", "process".into()),
                ("messaging.operation.type", "process".into()),
                (
                    "messaging.rabbitmq.destination.routing_key",
                    "game.started".into()
                ),
                ("messaging.system", "rabbitmq".into()),
                ("request.id", "abc-123".into()),
                ("server.address", host.to_owned().into()),
                ("server.port", port.parse::<i64>().unwrap().into()),
                ("user.id", 42.into()),
            ]
        );
        let line = &logs.named("message_processed")[0];
        assert_eq!(line["trace_id"], span.trace_id.as_str());
        assert_eq!(line["span_id"], span.span_id.as_str());

        let dimensions = dimensions("process", &place.queue, place.address());
        assert_eq!(metrics.values(CONSUMED), [1.0, 1.0]);
        assert_eq!(metrics.named(PROCESS).len(), 2);
        for metric in [CONSUMED, PROCESS] {
            let measured = &metrics.named(metric)[0];
            assert_eq!(sorted(&measured.attributes), dimensions);
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_of_nobody_begins_a_trace() {
    with_place(async |place| {
        let broker = place.broker();
        // The queue is there by then.
        broker.publish(started(place)).await.unwrap();
        place.take(&place.queue).await;
        let channel = place.channel().await;
        let published = channel.basic_publish(
            "".into(),
            place.queue.as_str().into(),
            lapin::options::BasicPublishOptions::default(),
            b"a",
            lapin::BasicProperties::default(),
        );
        published.await.unwrap();
        let (logs, spans) = (capture_logs(), capture_spans());
        let shutdown = async {
            logs.wait_for("message_processed").await;
        };
        let handler = |_| async { Ok::<_, Infallible>(()) };
        broker.consume(&place.queue).run(handler, shutdown).await;
        let span = spans.single(&format!("process {}", place.queue));
        assert_eq!(span.parent_span_id, None);
        assert_eq!(
            span["messaging.destination.name"],
            Value::from(place.queue.clone())
        );
    })
    .await;
}
