//! What needs a server. Of one that does not answer the standard error says that it was left out.

use std::sync::{Arc, Mutex};

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
    let generated = Arc::new(Mutex::new(String::new()));
    let (declared, named) = (queue.clone(), Arc::clone(&generated));
    let declare = move |channel: lapin::Channel| {
        let (queue, named) = (declared.clone(), Arc::clone(&named));
        async move {
            // They are gone with the connection.
            let options = QueueDeclareOptions {
                exclusive: true,
                ..QueueDeclareOptions::default()
            };
            let declare =
                |name: String| channel.queue_declare(name.into(), options, FieldTable::default());
            declare(queue).await?;
            // The broker names one that has no name.
            let queue = declare(String::new()).await?;
            *named.lock().unwrap() = queue.name().to_string();
            Ok(())
        }
    };
    let broker = Broker::builder(url).with_topology(declare).build().unwrap();
    let nobody = Message::new("", format!("{queue}.nobody"), "game 7");
    broker.publish(nobody).await.unwrap_err();
    consume_one(&broker, &queue).await;
    let generated = generated.lock().unwrap().clone();
    consume_one(&broker, &generated).await;
    Some(())
}

/// Publishes a message to a queue, and handles it in vain.
async fn consume_one(broker: &Broker, queue: &str) {
    let started = Message::new("", queue, "game 7").with_id("7");
    broker.publish(started).await.unwrap();
    let is_handled = Arc::new(Notify::new());
    let shutdown = Arc::clone(&is_handled);
    let handler = move |_: Delivered| {
        is_handled.notify_one();
        async { Err::<(), _>("no teams") }
    };
    let consumer = broker.consume(queue).with_attempts(1);
    consumer.run(handler, shutdown.notified()).await;
}
