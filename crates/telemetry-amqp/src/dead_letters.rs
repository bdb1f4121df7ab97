//! A queue whose messages are not lost when they fail.

use lapin::Channel;
use lapin::options::QueueDeclareOptions;
use lapin::types::{AMQPValue, FieldTable, ShortString};

/// Where RabbitMQ sends what is rejected.
const EXCHANGE: &str = "x-dead-letter-exchange";
/// The routing key that it has then.
const ROUTING_KEY: &str = "x-dead-letter-routing-key";

/// Declares a durable queue, and another, `{queue}.dead`, to which the broker moves what is
/// rejected there: what has failed at its last attempt. From a queue without dead letters, the
/// broker drops it.
///
/// # Errors
///
/// Those of lapin: when the queue is there already, with other arguments, for one. And when the
/// name is longer than 250 bytes.
pub async fn declare_with_dead_letters(channel: &Channel, queue: &str) -> lapin::Result<()> {
    let dead = format!("{queue}.dead");
    let name = |name: &str| ShortString::try_new(name).map_err(std::io::Error::other);
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let mut arguments = FieldTable::default();
    // The default exchange delivers to the queue of that name.
    arguments.insert(EXCHANGE.into(), AMQPValue::LongString("".into()));
    arguments.insert(
        ROUTING_KEY.into(),
        AMQPValue::LongString(dead.as_str().into()),
    );
    channel
        .queue_declare(name(&dead)?, durable, FieldTable::default())
        .await?;
    channel
        .queue_declare(name(queue)?, durable, arguments)
        .await?;
    Ok(())
}
