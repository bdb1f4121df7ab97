//! Messages that are published: their spans and their metrics.

use std::time::Duration;

use lapin::options::{QueueDeclareOptions, QueueDeleteOptions};
use lapin::types::{AMQPValue, FieldTable};
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use telemetry_amqp::{Broker, Message, PublishError};
use telemetry_core::FutureExt as _;
use telemetry_otel::testing::{capture_metrics, capture_spans, sorted};

use crate::place::{until, with_place};
use crate::proxy::{Proxy, Way};
use crate::{OPERATION, SENT, dimensions, request, started};

#[tokio::test]
async fn a_message_is_a_span_that_its_handler_continues() {
    with_place(async |place| {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let broker = place.broker();
        let published = broker.publish(started(place)).in_scope(request());
        published.await.unwrap();

        let name = format!("publish {}", place.exchange);
        assert_eq!(spans.tree(), format!("request\n  {name}\n"));
        let span = spans.single(&name);
        assert_eq!(span.kind, SpanKind::Producer);
        assert_eq!(span.status, Status::Unset);
        let (host, port) = place.address().split_once(':').unwrap();
        let destination = format!("{}:game.started", place.exchange);
        assert_eq!(
            sorted(&span.attributes),
            [
                ("messaging.destination.name", Value::from(destination)),
                ("messaging.message.body.size", 6.into()),
                ("messaging.message.id", "7".into()),
                ("messaging.operation.name", "publish".into()),
                ("messaging.operation.type", "send".into()),
                (
                    "messaging.rabbitmq.destination.routing_key",
                    "game.started".into()
                ),
                ("messaging.system", "rabbitmq".into()),
                ("server.address", host.to_owned().into()),
                ("server.port", port.parse::<i64>().unwrap().into()),
            ]
        );
        let dimensions = dimensions("publish", &place.exchange, place.address());
        let sent = metrics.single(SENT);
        assert_eq!((sent.value, &*sent.unit), (1.0, "{message}"));
        assert_eq!(sorted(&sent.attributes), dimensions);
        let duration = metrics.single(OPERATION);
        assert!((0.0..60.0).contains(&duration.value));
        assert_eq!(duration.unit, "s");
        let mut of_duration = dimensions;
        of_duration.insert(2, ("messaging.operation.type", "send".into()));
        assert_eq!(sorted(&duration.attributes), of_duration);
        assert_eq!(metrics.measurements().len(), 2);

        let (_, properties) = place.take(&place.queue).await;
        let headers = properties.headers().as_ref().unwrap().inner();
        let traceparent = format!("00-{}-{}-01", span.trace_id, span.span_id);
        let expected = AMQPValue::LongString(traceparent.into());
        assert_eq!(headers["traceparent"], expected);
    })
    .await;
}

#[tokio::test]
async fn a_message_for_a_queue_is_named_after_it() {
    with_place(async |place| {
        let broker = place.broker();
        let spans = capture_spans();
        let message = Message::new("", &place.queue, "a");
        broker.publish(message).await.unwrap();
        let span = spans.single(&format!("publish {}", place.queue));
        assert_eq!(
            span["messaging.destination.name"],
            Value::from(place.queue.clone())
        );
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_the_broker_named_is_anonymous() {
    with_place(async |place| {
        let broker = place.broker();
        let channel = place.channel().await;
        let (options, table) = (QueueDeclareOptions::default(), FieldTable::default());
        let queue = channel.queue_declare("".into(), options, table);
        let queue = queue.await.unwrap().name().to_string();
        assert!(queue.starts_with("amq.gen-"), "{queue}");
        let (spans, metrics) = (capture_spans(), capture_metrics());
        broker.publish(Message::new("", &queue, "a")).await.unwrap();
        let span = spans.single("publish amq.gen-*");
        assert_eq!(span["messaging.destination.name"], queue.as_str());
        assert_eq!(span["messaging.destination.anonymous"], true);
        for metric in [SENT, OPERATION] {
            let measured = metrics.single(metric);
            assert_eq!(measured.get("messaging.destination.name"), None);
            let template = measured.get("messaging.destination.template").unwrap();
            assert_eq!(*template, "amq.gen-*");
        }
        channel
            .queue_delete(queue.as_str().into(), QueueDeleteOptions::default())
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn answers_to_many_clients_leave_room_for_the_others() {
    with_place(async |place| {
        let broker = place.broker();
        let metrics = capture_metrics();
        for user in 0..120 {
            let message = Message::new("", format!("user-{user}"), "a");
            broker.publish(message).await.unwrap_err();
        }
        let sent = metrics.named(SENT);
        let of_others = sent.iter().filter(|one| {
            let name = one.get("messaging.destination.name").unwrap();
            *name == "_OTHER"
        });
        assert_eq!(of_others.count(), 20);
        broker.publish(started(place)).await.unwrap();
        let last = metrics.named(SENT).pop().unwrap();
        assert_eq!(
            *last.get("messaging.destination.name").unwrap(),
            place.exchange.as_str()
        );
    })
    .await;
}

/// Publishes a message, which fails; the error, with its `error.type` and status.
async fn fail(broker: &Broker, message: Message, name: &str) -> (PublishError, String, Status) {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let error = broker.publish(message).await.unwrap_err();
    let span = spans.single(&format!("publish {name}"));
    let error_type = span["error.type"].clone();
    for metric in [SENT, OPERATION] {
        let measured = metrics.single(metric);
        assert_eq!(measured.get("error.type"), Some(&error_type));
    }
    (error, error_type.to_string(), span.status)
}

#[tokio::test]
async fn failures_are_told_by_their_class() {
    with_place(async |place| {
        let broker = place.broker();
        let message = Message::new(&place.exchange, "nobody", "a");
        let (error, class, status) = fail(&broker, message, &place.exchange).await;
        assert_eq!(class, "unroutable");
        assert_eq!(status, Status::error(error.to_string()));

        let message = Message::new("no such exchange", "a", "a");
        let (_, class, status) = fail(&broker, message, "no such exchange").await;
        assert_eq!(class, "channel_closed");
        let Status::Error { description } = status else {
            panic!("{status:?}");
        };
        assert!(description.contains("NOT_FOUND"), "{description}");
    })
    .await;
}

#[tokio::test]
async fn a_broker_that_is_away_is_told_of() {
    let broker = Broker::builder("amqp://ann:s3cret@127.0.0.1:1/%2f");
    let broker = broker.build().unwrap();
    let message = Message::new("games", "game.started", "a");
    let (_, class, status) = fail(&broker, message, "games").await;
    assert_eq!(class, "away");
    assert!(format!("{status:?}").contains("Connection refused"));
    assert!(!format!("{status:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_message_that_is_not_confirmed_is_told_of_and_one_that_is_dropped() {
    with_place(async |place| {
        let proxy = Proxy::start(place.address()).await;
        let builder = place.builder_at(&proxy.address);
        let builder = builder.with_publish_timeout(Duration::from_millis(1_500));
        let broker = builder.build().unwrap();
        // The connection has to be made in that time too.
        until(async || broker.publish(started(place)).await.is_ok()).await;
        proxy.set(Way::Silent);
        let (_, class, _) = fail(&broker, started(place), &place.exchange).await;
        assert_eq!(class, "timeout");

        let (spans, metrics) = (capture_spans(), capture_metrics());
        tokio::select! {
            biased;
            _ = broker.publish(started(place)) => panic!("nothing is confirmed"),
            () = tokio::task::yield_now() => {}
        }
        let span = spans.single(&format!("publish {}", place.exchange));
        assert_eq!(span.get("error.type"), None);
        assert_eq!(span.status, Status::Unset);
        let sent = metrics.single(SENT);
        assert_eq!(sent.get("error.type"), None);
        proxy.set(Way::Open);
    })
    .await;
}

#[tokio::test]
async fn a_connection_has_no_span() {
    with_place(async |place| {
        let spans = capture_spans();
        let publishing = async {
            place.broker().publish(started(place)).await.unwrap();
        };
        let span = tracing::info_span!("announce");
        tracing::Instrument::instrument(publishing, span).await;
        let tree = format!("announce\n  publish {}\n", place.exchange);
        assert_eq!(spans.tree(), tree);
    })
    .await;
}
