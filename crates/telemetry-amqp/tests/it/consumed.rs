//! Messages that are handled.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use telemetry_amqp::{Broker, Delivered};
use telemetry_core::FutureExt as _;
use telemetry_core::testing::{CapturedEvent, LogCapture, capture_logs};
use tokio::sync::Barrier;

use crate::place::{Place, with_place};
use crate::{TRACE, request, started};

/// Takes one message, whose handler does nothing but to say so.
async fn take_one(broker: &Broker, place: &Place, logs: &LogCapture) -> CapturedEvent {
    let handler = |message: Delivered| async move {
        tracing::info!(bytes = message.body().len(), "game_announced");
        Ok::<_, Infallible>(())
    };
    let shutdown = async {
        logs.wait_for("message_processed").await;
    };
    broker.consume(&place.queue).run(handler, shutdown).await;
    logs.single("game_announced")
}

#[tokio::test]
async fn a_handler_has_the_context_of_who_published() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        let published = broker.publish(started(place, 7)).in_scope(request());
        published.await.unwrap();
        take_one(&broker, place, &logs).await;
        for event in ["message_received", "game_announced", "message_processed"] {
            let line = logs.single(event);
            assert_eq!(line["request.id"], "abc-123");
            assert_eq!(line["user.id"], 42);
            assert_eq!(line["labels"], ["tournament", "draft"]);
            assert_eq!(line["trace_id"], TRACE);
            assert_eq!(line["messaging.message.id"], "7");
            assert_eq!(line["messaging.destination.name"], place.queue.as_str());
            assert_eq!(
                line["messaging.rabbitmq.destination.routing_key"],
                "game.started"
            );
            assert_eq!(line["delivery.attempt"], 1);
        }
        let line = logs.single("message_processed");
        assert_eq!(line.logger, "telemetry_amqp");
        assert!(line["duration_ms"].as_f64().unwrap() >= 0.0);
        place.wait_for(&place.queue, 0).await;
        place.wait_for(&place.dead(), 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_message_of_nobody_has_a_request_id_of_its_own() {
    with_place(async |place| {
        let broker = place.broker();
        let text = |text: &str| AMQPValue::LongString(text.into());
        for headers in [
            vec![],
            vec![("baggage", text("request.id=not%20valid,user.id="))],
            vec![("baggage", AMQPValue::LongInt(7))],
            vec![("traceparent", text("\u{0}")), ("baggage", text(";;==,"))],
        ] {
            let logs = capture_logs();
            let mut table = FieldTable::default();
            for (key, value) in headers {
                table.insert(key.into(), value);
            }
            // The queue is there by then.
            broker.publish(started(place, 0)).await.unwrap();
            place.take(&place.queue).await;
            let channel = place.channel().await;
            channel
                .basic_publish(
                    "".into(),
                    place.queue.as_str().into(),
                    BasicPublishOptions::default(),
                    b"a",
                    BasicProperties::default().with_headers(table),
                )
                .await
                .unwrap();
            let line = take_one(&broker, place, &logs).await;
            assert_eq!(line["request.id"].to_string().len(), 36);
            assert_eq!(line.get("user.id"), None);
            assert_eq!(line.get("trace_id"), None);
            assert_eq!(line.get("messaging.message.id"), None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_handler_sees_the_message() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        let message = started(place, 7).with_content_type("text/plain");
        broker.publish(message).await.unwrap();
        let (exchange, queue) = (place.exchange.clone(), place.queue.clone());
        let handler = move |message: Delivered| {
            assert_eq!(message.body(), b"game 7");
            assert_eq!(message.id(), Some("7"));
            assert_eq!(message.content_type(), Some("text/plain"));
            assert_eq!(message.exchange(), exchange);
            assert_eq!(message.routing_key(), "game.started");
            assert_eq!(message.queue(), queue);
            assert_eq!(message.attempt(), 1);
            assert!(!message.is_redelivered());
            assert_eq!(*message.properties().delivery_mode(), Some(2));
            async { Ok::<_, Infallible>(()) }
        };
        let shutdown = async {
            logs.wait_for("message_processed").await;
        };
        broker.consume(&place.queue).run(handler, shutdown).await;
    })
    .await;
}

#[tokio::test]
async fn as_many_are_handled_at_once_as_is_said() {
    with_place(async |place| {
        let broker = place.broker();
        for id in 0..12 {
            broker.publish(started(place, id)).await.unwrap();
        }
        let (running, most) = (AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let counts = Arc::new((running, Barrier::new(4), AtomicUsize::new(0)));
        let (shared, highest) = (Arc::clone(&counts), Arc::clone(&most));
        let handler = move |_| {
            let (shared, highest) = (Arc::clone(&shared), Arc::clone(&highest));
            async move {
                let now = shared.0.fetch_add(1, Ordering::SeqCst) + 1;
                highest.fetch_max(now, Ordering::SeqCst);
                // Nobody gets further unless four are here.
                shared.1.wait().await;
                shared.0.fetch_sub(1, Ordering::SeqCst);
                shared.2.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Infallible>(())
            }
        };
        let all = crate::place::until(async || counts.2.load(Ordering::SeqCst) == 12);
        let consumer = broker.consume(&place.queue).with_concurrency(4);
        consumer.run(handler, all).await;
        assert_eq!(most.load(Ordering::SeqCst), 4);
    })
    .await;
}
