//! Messages that fail.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use lapin::types::AMQPValue;
use telemetry_amqp::{Broker, Consumer, Delivered, PublishWithContext as _};
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_core::{FutureExt as _, Scope};

use crate::place::{Place, with_place};
use crate::{TRACE, request, started};

/// An error with a cause.
#[derive(Debug)]
struct Outer(std::io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not announced")
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

fn consumer(broker: &Broker, place: &Place) -> Consumer {
    let soon = Duration::from_millis(1);
    let consumer = broker.consume(&place.queue).with_retry_delays(soon, soon);
    consumer.with_attempts(3)
}

/// Publishes a message within a request, and takes it until `event` is told.
async fn play<F>(
    place: &Place,
    logs: &LogCapture,
    event: &str,
    handler: impl Fn(Delivered) -> F + Send + Sync + 'static,
) where
    F: Future<Output = Result<(), Outer>> + Send + 'static,
{
    let broker = place.broker();
    let published = broker.publish(started(place, 7)).in_scope(request());
    published.await.unwrap();
    let shutdown = async {
        logs.wait_for(event).await;
    };
    consumer(&broker, place).run(handler, shutdown).await;
}

/// The events of messages, with their attempts. Each has the context of who published.
fn events(logs: &LogCapture) -> Vec<(String, i64)> {
    let ours = logs.events().into_iter();
    let ours = ours.filter(|event| event.event.starts_with("message_"));
    ours.map(|event| {
        assert_eq!(event["request.id"], "abc-123", "{}", event.line);
        assert_eq!(event["user.id"], 42);
        assert_eq!(event["trace_id"], TRACE);
        assert_eq!(event["messaging.message.id"], "7");
        assert_eq!(
            event["messaging.rabbitmq.destination.routing_key"],
            "game.started"
        );
        (
            event.event.clone(),
            event["delivery.attempt"].as_i64().unwrap(),
        )
    })
    .collect()
}

fn expected<const N: usize>(events: [(&str, i64); N]) -> Vec<(String, i64)> {
    events
        .map(|(event, attempt)| (event.to_owned(), attempt))
        .to_vec()
}

#[tokio::test]
async fn a_message_that_fails_at_each_attempt_goes_to_the_dead_letters() {
    with_place(async |place| {
        let logs = capture_logs();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seen_by_handler = Arc::clone(&seen);
        let handler = move |message: Delivered| {
            let exchange = message.exchange().to_owned();
            let attempt = (
                exchange,
                message.routing_key().to_owned(),
                message.attempt(),
            );
            seen_by_handler.lock().unwrap().push(attempt);
            async { Err(Outer(std::io::Error::other("the channel is full"))) }
        };
        play(place, &logs, "message_failed", handler).await;
        assert_eq!(
            events(&logs),
            expected([
                ("message_received", 1),
                ("message_retrying", 1),
                ("message_received", 2),
                ("message_retrying", 2),
                ("message_received", 3),
                ("message_failed", 3),
            ])
        );
        let origin = |attempt| (place.exchange.clone(), "game.started".to_owned(), attempt);
        assert_eq!(*seen.lock().unwrap(), [origin(1), origin(2), origin(3)]);
        let retrying = &logs.named("message_retrying")[0];
        assert_eq!(retrying.level, tracing::Level::WARN);
        assert_eq!(retrying["error"], "not announced");
        let failed = logs.single("message_failed");
        assert_eq!(failed.level, tracing::Level::ERROR);
        assert_eq!(failed["error"], "not announced");
        let causes = "not announced\ncaused by: the channel is full";
        assert_eq!(failed["exception"], causes);

        place.wait_for(&place.dead(), 1).await;
        place.wait_for(&place.queue, 0).await;
        let (body, properties) = place.take(&place.dead()).await;
        assert_eq!(body, b"game 7");
        assert_eq!(properties.message_id().as_ref().unwrap().as_str(), "7");
        let headers = properties.headers().as_ref().unwrap().inner();
        let baggage = "request.id=abc-123,user.id=42,labels=tournament%2Cdraft";
        assert_eq!(headers["baggage"], AMQPValue::LongString(baggage.into()));
        assert!(headers.contains_key("x-death"));
    })
    .await;
}

#[tokio::test]
async fn a_message_that_succeeds_at_last_is_done() {
    with_place(async |place| {
        let logs = capture_logs();
        let handler = |message: Delivered| async move {
            if message.attempt() < 3 {
                return Err(Outer(std::io::Error::other("not yet")));
            }
            Ok(())
        };
        play(place, &logs, "message_processed", handler).await;
        let told = events(&logs);
        let ends = told.iter().filter(|(event, _)| event != "message_received");
        let ends: Vec<_> = ends.cloned().collect();
        assert_eq!(
            ends,
            expected([
                ("message_retrying", 1),
                ("message_retrying", 2),
                ("message_processed", 3),
            ])
        );
        place.wait_for(&place.queue, 0).await;
        place.wait_for(&place.dead(), 0).await;
    })
    .await;
}

#[tokio::test]
async fn a_handler_whose_destructor_panics_has_failed() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("as it was dropped");
        }
    }
    with_place(async |place| {
        let logs = capture_logs();
        let handler = move |_: Delivered| async {
            let _panics = Panics;
            Ok::<_, Outer>(())
        };
        play(place, &logs, "message_failed", handler).await;
        let failed = logs.single("message_failed");
        assert_eq!(failed["error"], "panic: as it was dropped");
        assert_eq!(logs.named("work_panicked"), []);
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_panics_has_failed() {
    for is_polled in [false, true] {
        with_place(async |place| {
            let logs = capture_logs();
            let handler = move |message: Delivered| {
                assert!(is_polled, "message {} is lost", message.id().unwrap());
                async move { panic!("message {} is lost", message.id().unwrap()) }
            };
            play(place, &logs, "message_failed", handler).await;
            let ends = events(&logs).into_iter();
            let ends: Vec<_> = ends
                .filter(|(event, _)| event != "message_received")
                .collect();
            assert_eq!(
                ends,
                expected([
                    ("message_retrying", 1),
                    ("message_retrying", 2),
                    ("message_failed", 3),
                ])
            );
            let failed = logs.single("message_failed");
            assert_eq!(failed["error"], "panic: message 7 is lost");
            assert!(failed["exception"].to_string().contains("retries.rs"));
            place.wait_for(&place.dead(), 1).await;
        })
        .await;
    }
}

#[tokio::test]
async fn a_message_that_waits_for_its_next_attempt_does_not_hold_up_others() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        for id in 1..3 {
            broker.publish(started(place, id)).await.unwrap();
        }
        let handler = |message: Delivered| async move {
            match message.id() {
                Some("1") => Err("not yet"),
                _ => Ok(()),
            }
        };
        let shutdown = async {
            let line = logs.wait_for("message_processed").await;
            assert_eq!(line["messaging.message.id"], "2");
        };
        let long = Duration::from_secs(3600);
        let consumer = broker.consume(&place.queue).with_retry_delays(long, long);
        consumer.run(handler, shutdown).await;
        // It did not wait any longer when the consumer was to stop, and its attempt counts.
        place.wait_for(&place.queue, 1).await;
        let (_, properties) = place.take(&place.queue).await;
        let headers = properties.headers().as_ref().unwrap().inner();
        assert_eq!(headers["telemetry.attempt"], AMQPValue::LongLongInt(2));
    })
    .await;
}

#[tokio::test]
async fn an_attempt_goes_to_one_queue_and_keeps_all_else() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        // The queue is there by then.
        broker.publish(started(place, 0)).await.unwrap();
        place.take(&place.queue).await;
        let copies = vec![AMQPValue::LongString(place.dead().into())];
        let mut headers = lapin::types::FieldTable::default();
        headers.insert("CC".into(), AMQPValue::FieldArray(copies.into()));
        headers.insert("kept".into(), AMQPValue::Boolean(true));
        let properties = lapin::BasicProperties::default()
            .with_headers(headers)
            .with_priority(3)
            .with_user_id("guest".into())
            .with_correlation_id("abc".into());
        let channel = place.channel().await;
        channel
            .basic_publish_with_context(
                "".into(),
                place.queue.as_str().into(),
                lapin::options::BasicPublishOptions::default(),
                b"a",
                properties,
            )
            .await
            .unwrap();
        place.wait_for(&place.dead(), 1).await;
        let shutdown = async {
            logs.wait_for("message_processed").await;
        };
        let handler = |message: Delivered| async move {
            if message.attempt() == 1 {
                return Err("not yet");
            }
            let properties = message.properties();
            let headers = properties.headers().as_ref().unwrap().inner();
            assert_eq!(headers["kept"], AMQPValue::Boolean(true));
            assert_eq!(*properties.priority(), Some(3));
            assert_eq!(properties.correlation_id(), &Some("abc".into()));
            Ok(())
        };
        consumer(&broker, place).run(handler, shutdown).await;
        // Not copied a second time.
        assert_eq!(place.waiting(&place.dead()).await, Some(1));
    })
    .await;
}

/// Takes the one message that waits, whose handler fails twice; gives the request ids of its lines.
async fn ids_of_three_attempts(place: &Place, logs: &LogCapture) -> BTreeSet<String> {
    let handler = |message: Delivered| async move {
        tracing::info!("attempted");
        if message.attempt() < 3 {
            return Err("not yet");
        }
        Ok(())
    };
    let shutdown = async {
        logs.wait_for("message_processed").await;
    };
    let broker = place.broker();
    consumer(&broker, place).run(handler, shutdown).await;
    assert_eq!(logs.named("attempted").len(), 3);
    assert_eq!(logs.named("message_retrying").len(), 2);
    let lines = logs.events().into_iter();
    let ours = lines.filter(|line| line.get("delivery.attempt").is_some());
    let ids = ours.map(|line| {
        let id = line["request.id"].to_string();
        assert!(telemetry_core::is_valid_request_id(&id), "{}", line.line);
        id
    });
    ids.collect()
}

#[tokio::test]
async fn a_message_that_is_published_outside_a_scope_has_one_request_id_at_all_attempts() {
    with_place(async |place| {
        let broker = place.broker();
        let unnamed = Scope::builder().field("batch", 5).build();
        for scope in [None, Some(unnamed)] {
            let logs = capture_logs();
            let published = broker.publish(started(place, 7));
            match scope {
                Some(scope) => published.in_scope(scope).await.unwrap(),
                None => published.await.unwrap(),
            }
            let ids = ids_of_three_attempts(place, &logs).await;
            // One of its own: the id of the message may be that of another message.
            assert_eq!(ids.len(), 1, "{}", logs.text());
            assert_eq!(ids.first().unwrap().len(), 36);
        }
        // On a channel of lapin as well.
        let logs = capture_logs();
        let published = place.channel().await;
        let published = published.basic_publish_with_context(
            "".into(),
            place.queue.as_str().into(),
            lapin::options::BasicPublishOptions::default(),
            b"a",
            lapin::BasicProperties::default(),
        );
        published.await.unwrap();
        let ids = ids_of_three_attempts(place, &logs).await;
        assert_eq!(ids.len(), 1, "{}", logs.text());
        assert_eq!(ids.first().unwrap().len(), 36);
    })
    .await;
}

#[tokio::test]
async fn a_message_of_another_program_has_one_request_id_at_all_attempts() {
    let plain = lapin::BasicProperties::default;
    let cases = [
        (plain().with_message_id("order-7".into()), "order-7"),
        (plain().with_correlation_id("call-8".into()), "call-8"),
        (
            plain()
                .with_message_id("order-7".into())
                .with_correlation_id("call-8".into()),
            "order-7",
        ),
        (
            plain()
                .with_message_id("".into())
                .with_correlation_id("call-8".into()),
            "call-8",
        ),
        // Made from the id, and made up.
        (plain().with_message_id("order 7".into()), ""),
        (plain(), ""),
    ];
    with_place(async |place| {
        // The queue is there by then.
        place.broker().publish(started(place, 0)).await.unwrap();
        place.take(&place.queue).await;
        for (properties, expected) in cases {
            let logs = capture_logs();
            let channel = place.channel().await;
            let published = channel.basic_publish(
                "".into(),
                place.queue.as_str().into(),
                lapin::options::BasicPublishOptions::default(),
                b"a",
                properties.clone(),
            );
            published.await.unwrap();
            let ids = ids_of_three_attempts(place, &logs).await;
            assert_eq!(ids.len(), 1, "{properties:?}: {}", logs.text());
            let id = ids.first().unwrap();
            if expected.is_empty() {
                assert_eq!(id.len(), 36, "{properties:?}");
            } else {
                assert_eq!(id, expected, "{properties:?}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_passed_on_keeps_the_context_that_it_has() {
    with_place(async |place| {
        let logs = capture_logs();
        place.broker().publish(started(place, 0)).await.unwrap();
        place.take(&place.queue).await;
        let mut headers = lapin::types::FieldTable::default();
        let baggage = AMQPValue::LongString("request.id=abc-123,user.id=42".into());
        headers.insert("baggage".into(), baggage);
        let channel = place.channel().await;
        let published = channel.basic_publish_with_context(
            "".into(),
            place.queue.as_str().into(),
            lapin::options::BasicPublishOptions::default(),
            b"a",
            lapin::BasicProperties::default().with_headers(headers),
        );
        published.await.unwrap();
        let ids = ids_of_three_attempts(place, &logs).await;
        assert_eq!(ids, BTreeSet::from(["abc-123".to_owned()]));
        assert_eq!(logs.single("message_processed")["user.id"], 42);
    })
    .await;
}
