//! Consumers that end.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::QueueDeleteOptions;
use telemetry_amqp::Delivered;
use telemetry_core::testing::capture_logs;
use tokio::sync::Notify;

use crate::place::with_place;
use crate::started;

#[tokio::test]
async fn handlers_that_run_are_waited_for_and_no_more_are_taken() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        for id in 1..6 {
            broker.publish(started(place, id)).await.unwrap();
        }
        let (go_on, stop) = (Arc::new(Notify::new()), Notify::new());
        let waiting = Arc::clone(&go_on);
        let handler = move |_: Delivered| {
            let waiting = Arc::clone(&waiting);
            async move {
                waiting.notified().await;
                Ok::<_, Infallible>(())
            }
        };
        let consumer = broker.consume(&place.queue);
        let running = consumer.run(handler, stop.notified());
        let stopping = async {
            logs.wait_for("message_received").await;
            stop.notify_one();
            // What was delivered ahead is there for others, before the handler has ended.
            place.wait_for(&place.queue, 4).await;
            go_on.notify_one();
        };
        tokio::join!(running, stopping);
        assert_eq!(
            logs.single("message_processed")["messaging.message.id"],
            "1"
        );
        assert_eq!(place.waiting(&place.queue).await, Some(4));
    })
    .await;
}

#[tokio::test]
async fn a_handler_that_does_not_end_in_time_is_dropped_and_its_message_goes_back() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        broker.publish(started(place, 7)).await.unwrap();
        let handler = |_: Delivered| pending::<Result<(), Infallible>>();
        let shutdown = async {
            logs.wait_for("message_received").await;
        };
        let consumer = broker.consume(&place.queue);
        let consumer = consumer.with_drain_deadline(Duration::from_millis(50));
        consumer.run(handler, shutdown).await;
        let told = logs.single("message_retrying");
        assert_eq!(told["error"], "cancelled: dropped before it ended");
        assert_eq!(told["messaging.message.id"], "7");
        place.wait_for(&place.queue, 1).await;
    })
    .await;
}

#[tokio::test]
async fn a_consumer_that_is_dropped_gives_everything_back() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        for id in 1..4 {
            broker.publish(started(place, id)).await.unwrap();
        }
        let handler = |_: Delivered| pending::<Result<(), Infallible>>();
        let consumer = broker.consume(&place.queue).with_concurrency(2);
        tokio::select! {
            () = consumer.run(handler, pending()) => {}
            _ = logs.wait_for("message_received") => {}
        }
        place.wait_for(&place.queue, 3).await;
        logs.wait_for("message_retrying").await;
    })
    .await;
}

#[tokio::test]
async fn a_consumer_whose_queue_is_gone_takes_messages_again_when_it_is_back() {
    with_place(async |place| {
        let logs = capture_logs();
        let broker = place.broker();
        let done = Notify::new();
        let handler = |_: Delivered| async { Ok::<_, Infallible>(()) };
        let running = broker.consume(&place.queue).run(handler, done.notified());
        let deleting = async {
            logs.wait_for("consumer_started").await;
            let channel = place.channel().await;
            let options = QueueDeleteOptions::default();
            let queue = place.queue.as_str().into();
            channel.queue_delete(queue, options).await.unwrap();
            let told = logs.wait_for("consumer_interrupted").await;
            assert_eq!(told["messaging.destination.name"], place.queue.as_str());
            assert_eq!(told["error"], "the broker ended it");
            // Another process declares it.
            place.broker().publish(started(place, 7)).await.unwrap();
            logs.wait_for("message_processed").await;
            done.notify_one();
        };
        tokio::join!(running, deleting);
        assert_eq!(logs.named("consumer_started").len(), 2);
        assert_eq!(logs.named("consumer_interrupted").len(), 1);
        assert_eq!(logs.named("broker_disconnected").len(), 0);
    })
    .await;
}
