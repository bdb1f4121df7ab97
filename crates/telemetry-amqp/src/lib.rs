//! Messages of RabbitMQ, by [lapin](https://docs.rs/lapin), with the context of who published
//! them.
//!
//! ```no_run
//! use telemetry_amqp::{Broker, Delivered, Message};
//!
//! # type Error = Box<dyn std::error::Error + Send + Sync>;
//! async fn announce(message: Delivered) -> Result<(), Error> {
//!     tracing::info!(bytes = message.body().len(), "game_announced");
//!     Ok(())
//! }
//!
//! # async fn declare(_: lapin::Channel) -> lapin::Result<()> { Ok(()) }
//! # async fn example(url: &str, body: Vec<u8>, shutdown: impl Future<Output = ()>) -> Result<(), Error> {
//! let broker = Broker::builder(url).with_topology(declare).build()?;
//! let message = Message::new("games", "game.started", body).with_id("game-7-started");
//! broker.publish(message).await?;
//! broker.consume("bot.games").with_attempts(5).with_concurrency(4).run(announce, shutdown).await;
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! {"timestamp":"2026-11-21T11:51:42.098699Z","level":"warning","logger":"telemetry_amqp","event":"message_retrying","error":"the channel is full","duration_ms":0.07,"request.id":"abc-123","user.id":42,"labels":["tournament"],"messaging.message.id":"game-7-started","messaging.rabbitmq.destination.routing_key":"game.started","delivery.attempt":1,"messaging.destination.name":"bot.games"}
//! {"timestamp":"2026-11-21T11:51:43.044561Z","level":"info","logger":"telemetry_amqp","event":"message_processed","duration_ms":0.15,"request.id":"abc-123","user.id":42,"labels":["tournament"],"messaging.message.id":"game-7-started","messaging.rabbitmq.destination.routing_key":"game.started","delivery.attempt":2,"messaging.destination.name":"bot.games"}
//! ```
//!
//! # Where to look
//!
//! | to … | see |
//! |---|---|
//! | connect, and declare exchanges and queues | [`Broker::builder`], [`declare_with_dead_letters`] |
//! | publish | [`Broker::publish`], [`Message`], [`PublishError`] |
//! | take messages | [`Broker::consume`], [`Consumer`], [`Delivered`] |
//! | do it with channels of your own | [`PublishWithContext`], [`DeliveryScope`] |
//!
//! # What it does to a message
//!
//! - `request.id`, `user.id` and `labels` cross in its header `baggage`, the trace in `traceparent` and
//!   `tracestate`. What is not valid there is ignored.
//! - It has one request id at all attempts. What is published outside of any scope gets a new one; a
//!   message that brings none has its `message_id`, or else its `correlation_id`, as far as they may be
//!   a request id, else a UUID that is made from them; one without these gets a new one.
//! - A message that has failed is put back to its queue with all that it brought. The header
//!   `telemetry.attempt` counts; `telemetry.exchange` and `telemetry.routing_key` keep where it was
//!   published to; `telemetry.request_id` keeps the request id of one that brought no id at all.
//!
//! # What it records
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `broker_connected` | info | `broker`, `duration_ms` | a connection is there, for the first time, or again after so long |
//! | `broker_disconnected` | warning | `broker`, `error` | it is lost, or cannot be had; once in each outage |
//! | `consumer_started` | info | `messaging.destination.name` | a consumer begins to take messages, or does so again |
//! | `consumer_interrupted` | warning | `messaging.destination.name`, `error` | it cannot, although the broker is there; once until it can |
//! | `message_received` | debug | | an attempt begins |
//! | `message_processed` | info | `duration_ms` | it succeeded |
//! | `message_retrying` | warning | `error`, `duration_ms` | it failed, panicked or was dropped, and another follows |
//! | `message_failed` | error | `error`, `exception`, `duration_ms` | it failed or panicked, and the message goes to the dead letters |
//! | `message_unsettled` | warning | `error` | the broker could not be told what became of it, and will deliver it again |
//!
//! | field | type | |
//! |---|---|---|
//! | `messaging.message.id` | string | as the sender named it; bound for every line of the message |
//! | `messaging.destination.name` | string | where it was taken from; bound |
//! | `messaging.rabbitmq.destination.routing_key` | string | what it was published with, at every attempt; bound |
//! | `delivery.attempt` | integer | from 1; bound |
//! | `broker` | string | host, port and virtual host; never user and password |
//!
//! # Spans and metrics
//!
//! Made where something exports them, by OpenTelemetry's semantic conventions for RabbitMQ:
//!
//! | span | kind | when |
//! |---|---|---|
//! | `publish {exchange}` | producer | a message, to the broker's confirmation; for the default exchange the queue's name |
//! | `process {queue}` | consumer | an attempt: a child of the span that published the message |
//!
//! | attribute | type | |
//! |---|---|---|
//! | `messaging.system` | string | `rabbitmq`; spans, metrics |
//! | `messaging.operation.name` | string | `publish` or `process`; spans, metrics |
//! | `messaging.operation.type` | string | `send` or `process`; spans, the duration of publishing |
//! | `messaging.destination.name` | string | of spans exchange, routing key and, where it was taken from, queue, with colons between; of metrics the exchange or the queue: the first 200, any other is `_OTHER` |
//! | `messaging.destination.template` | string | where the broker made up the name, on spans, and on metrics in place of the name: `amq.gen-*`, `amq.rabbitmq.reply-to.*` |
//! | `messaging.destination.anonymous` | boolean | `true` on the spans of such a destination |
//! | `messaging.rabbitmq.destination.routing_key` | string | spans |
//! | `messaging.message.id` | string | spans |
//! | `messaging.message.body.size` | integer | in bytes; spans |
//! | `server.address`, `server.port` | string, integer | of the broker's URL; spans, metrics |
//! | `error.type` | string | as below; spans, metrics |
//! | all fields of the context | | `process` spans |
//!
//! | metric | unit | |
//! |---|---|---|
//! | `messaging.client.sent.messages` | `{message}` | counter of messages published |
//! | `messaging.client.operation.duration` | `s` | histogram of publishing, to the confirmation |
//! | `messaging.client.consumed.messages` | `{message}` | counter of attempts |
//! | `messaging.process.duration` | `s` | histogram of attempts |
//!
//! | `error.type` | |
//! |---|---|
//! | `away`, `connection_lost`, `timeout`, `unroutable`, `nack`, `channel_closed`, `too_long` | of publishing: see [`PublishError`] |
//! | `panic`, `_OTHER` | of attempts: a panic, or the handler's error |
//! | `cancelled` | of attempts: dropped before the handler ended. A publication that its caller drops has not failed |
//!
//! A field of the context is never on a metric. A failed attempt has the status error, and is an
//! `exception` event too.

mod attempt;
mod attributes;
mod broker;
mod builder;
mod channel_ext;
mod channels;
mod consumer;
mod dead_letters;
mod delivered;
mod destination;
mod failure;
mod headers;
mod instruments;
mod line;
mod link;
mod message;
mod names;
mod opening;
mod producer;
mod publish_error;
mod recording;
mod retry;
mod work;

pub use broker::Broker;
pub use builder::{BrokerBuilder, BuildError};
pub use channel_ext::PublishWithContext;
pub use consumer::Consumer;
pub use dead_letters::declare_with_dead_letters;
pub use delivered::{Delivered, DeliveryScope};
pub use message::Message;
pub use publish_error::PublishError;
