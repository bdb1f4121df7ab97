//! Channels and consumers of one's own.

use futures_util::StreamExt as _;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Confirmation};
use opentelemetry::Value;
use telemetry_amqp::{DeliveryScope as _, PublishWithContext as _};
use telemetry_core::FutureExt as _;
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::capture_spans;

use crate::place::with_place;
use crate::{request, started};

#[tokio::test]
async fn a_message_on_a_channel_of_ones_own_has_the_context() {
    with_place(async |place| {
        // The queue is there by then.
        place.broker().publish(started(place)).await.unwrap();
        place.take(&place.queue).await;
        let (logs, spans) = (capture_logs(), capture_spans());
        let channel = place.channel().await;
        let publish = |routing_key: &'static str| {
            let properties = BasicProperties::default().with_message_id("8".into());
            let options = BasicPublishOptions {
                mandatory: true,
                ..BasicPublishOptions::default()
            };
            channel.basic_publish_with_context(
                place.exchange.as_str().into(),
                routing_key.into(),
                options,
                b"game 8",
                properties,
            )
        };
        let options = ConfirmSelectOptions::default();
        channel.confirm_select(options).await.unwrap();
        let confirmed = publish("game.ended").in_scope(request()).await.unwrap();
        assert_eq!(confirmed, Confirmation::Ack(None));

        let options = BasicConsumeOptions::default();
        let queue = place.queue.as_str().into();
        let consuming = channel.basic_consume(queue, "".into(), options, FieldTable::default());
        let delivery = consuming.await.unwrap().next().await.unwrap().unwrap();
        delivery
            .scope()
            .in_scope(|| tracing::info!("game_announced"));
        delivery.ack(BasicAckOptions::default()).await.unwrap();
        let span = spans.single(&format!("publish {}", place.exchange));
        assert_eq!(span["messaging.message.id"], Value::from("8"));
        let line = logs.single("game_announced");
        assert_eq!(line["request.id"], "abc-123");
        assert_eq!(line["user.id"], 42);
        assert_eq!(line["messaging.message.id"], "8");
        assert_eq!(
            line["messaging.rabbitmq.destination.routing_key"],
            "game.ended"
        );
        assert_eq!(line["trace_id"], span.trace_id.as_str());
        assert_eq!(line["span_id"], span.span_id.as_str());

        let returned = publish("nobody").await.unwrap();
        assert!(matches!(returned, Confirmation::Ack(Some(_))));
        let span = spans.spans().pop().unwrap();
        assert_eq!(span["error.type"], Value::from("unroutable"));
    })
    .await;
}
