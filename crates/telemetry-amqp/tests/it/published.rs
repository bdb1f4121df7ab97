//! Messages that are published.

use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use telemetry_amqp::{Broker, Message, PublishError};
use telemetry_core::FutureExt as _;

use crate::place::with_place;
use crate::{TRACE, request, started};

#[tokio::test]
async fn a_message_is_in_its_queue_with_the_context() {
    with_place(async |place| {
        let message = started(place, 7).with_content_type("text/plain");
        let published = place.broker().publish(message).in_scope(request()).await;
        published.unwrap();

        let (body, properties) = place.take(&place.queue).await;
        assert_eq!(body, b"game 7");
        let text = |value: &Option<ShortString>| value.as_ref().unwrap().to_string();
        assert_eq!(text(properties.message_id()), "7");
        assert_eq!(text(properties.content_type()), "text/plain");
        assert_eq!(*properties.delivery_mode(), Some(2), "persistent");
        let headers = properties.headers().as_ref().unwrap().inner();
        let headers: Vec<_> = headers
            .iter()
            .map(|(key, value)| {
                let AMQPValue::LongString(value) = value else {
                    panic!("{key} is {value:?}");
                };
                (key.as_str(), value.to_string())
            })
            .collect();
        let baggage = "request.id=abc-123,user.id=42,labels=tournament%2Cdraft";
        let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
        assert_eq!(
            headers,
            [
                ("baggage", baggage.to_owned()),
                ("traceparent", traceparent)
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn a_message_without_an_id_gets_one() {
    with_place(async |place| {
        let broker = place.broker();
        for _ in 0..2 {
            let message = Message::new(&place.exchange, "game.started", "a");
            broker.publish(message).await.unwrap();
        }
        let id = |properties: lapin::BasicProperties| properties.message_id().clone().unwrap();
        let first = id(place.take(&place.queue).await.1);
        let second = id(place.take(&place.queue).await.1);
        assert_eq!((first.as_str().len(), second.as_str().len()), (36, 36));
        assert_ne!(first, second);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_no_queue_takes_is_an_error_unless_it_may_be() {
    with_place(async |place| {
        let broker = place.broker();
        let message = || Message::new(&place.exchange, "nobody", "a");
        let error = broker.publish(message()).await.unwrap_err();
        assert!(matches!(error, PublishError::Unroutable), "{error:?}");
        let message = message().with_mandatory(false);
        broker.publish(message).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn what_the_broker_says_of_one_message_is_said_of_no_other() {
    with_place(async |place| {
        let broker = &place.broker();
        // Three kinds at once: those that arrive, that are returned, and that close a channel.
        let publishing = (0..300).map(|index| async move {
            let message = match index % 3 {
                0 => started(place, index),
                1 => Message::new(&place.exchange, "nobody", "a"),
                _ => Message::new("no such exchange", "game.started", "a"),
            };
            (index % 3, broker.publish(message).await)
        });
        for (kind, result) in futures_util::future::join_all(publishing).await {
            let is_right = match kind {
                0 => result.is_ok(),
                1 => matches!(result, Err(PublishError::Unroutable)),
                _ => matches!(result, Err(PublishError::Closed(_))),
            };
            assert!(is_right, "{kind}: {result:?}");
        }
        place.wait_for(&place.queue, 100).await;
    })
    .await;
}

#[tokio::test]
async fn a_queue_that_is_full_refuses() {
    with_place(async |place| {
        let queue = format!("{}.full", place.queue);
        let mut arguments = FieldTable::default();
        arguments.insert("x-max-length".into(), AMQPValue::LongInt(1));
        let overflow = AMQPValue::LongString("reject-publish".into());
        arguments.insert("x-overflow".into(), overflow);
        let options = QueueDeclareOptions {
            exclusive: true,
            ..QueueDeclareOptions::default()
        };
        let channel = place.channel().await;
        let name = ShortString::from(&*queue);
        channel
            .queue_declare(name, options, arguments)
            .await
            .unwrap();
        let broker = place.broker();
        let message = || Message::new("", &queue, "a");
        broker.publish(message()).await.unwrap();
        let error = broker.publish(message()).await.unwrap_err();
        assert!(matches!(error, PublishError::Refused), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn names_that_amqp_has_no_room_for_are_errors() {
    let broker = Broker::builder("amqp://127.0.0.1:1/%2f").build().unwrap();
    let long = || "x".repeat(256);
    for (message, name) in [
        (Message::new(long(), "a", ""), "exchange"),
        (Message::new("a", long(), ""), "routing key"),
        (Message::new("a", "a", "").with_id(long()), "id"),
        (
            Message::new("a", "a", "").with_content_type(long()),
            "content type",
        ),
    ] {
        let error = broker.publish(message).await.unwrap_err();
        let expected = format!("the {name} of the message is longer than 255 bytes");
        assert_eq!(error.to_string(), expected);
    }
}
