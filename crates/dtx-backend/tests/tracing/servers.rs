//! What needs a server. Of one that does not answer the standard error says that it was left out.

use std::sync::Arc;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use redis::RedisResult;
use telemetry_amqp::{Broker, Delivered, Message};
use telemetry_redis::{QueryText, TracedConnection};
use test_servers::{RabbitMqServer, RedisServer};
use tokio::sync::Notify;
use ulid::Ulid;

/// Sends commands to Redis, of which one fails.
pub(crate) async fn command() -> Option<()> {
    let client = redis::Client::open(RedisServer::shared()?).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut connection = TracedConnection::builder()
        .with_connection_info(client.get_connection_info())
        .with_query_text(QueryText::Keys)
        .build(connection);
    let mut pings = redis::pipe();
    let pings = pings.cmd("PING").cmd("PING");
    let answers: [String; 2] = pings.query_async(&mut connection).await.unwrap();
    assert_eq!(answers, ["PONG", "PONG"]);
    let unknown: RedisResult<()> = redis::cmd("RATE").query_async(&mut connection).await;
    unknown.unwrap_err();
    Some(())
}

/// Publishes a message that nobody takes, and one that its handler fails with.
pub(crate) async fn exchange_messages() -> Option<()> {
    let url = RabbitMqServer::shared()?;
    let queue = format!("reference.{}", Ulid::generate());
    let declared = queue.clone();
    let declare = move |channel: lapin::Channel| {
        let queue = declared.clone();
        async move {
            // It is gone with the connection.
            let options = QueueDeclareOptions {
                exclusive: true,
                ..QueueDeclareOptions::default()
            };
            let declaring = channel.queue_declare(queue.into(), options, FieldTable::default());
            declaring.await.map(drop)
        }
    };
    let broker = Broker::builder(url).with_topology(declare).build().unwrap();
    let nobody = Message::new("", format!("{queue}.nobody"), "game 7");
    broker.publish(nobody).await.unwrap_err();
    let started = Message::new("", &queue, "game 7").with_id("7");
    broker.publish(started).await.unwrap();
    let is_handled = Arc::new(Notify::new());
    let shutdown = Arc::clone(&is_handled);
    let handler = move |_: Delivered| {
        is_handled.notify_one();
        async { Err::<(), _>("no teams") }
    };
    let consumer = broker.consume(&queue).with_attempts(1);
    consumer.run(handler, shutdown.notified()).await;
    Some(())
}
