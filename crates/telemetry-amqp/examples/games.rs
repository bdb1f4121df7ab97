//! A message that is published within a request and handled elsewhere, at the second attempt.
//! Takes the broker at `AMQP_URL`, or on the usual port of this machine. Start it with
//! `OTEL_ENABLED=true`, `OTEL_TRACES_EXPORTER=console` and `OTEL_TRACES_SAMPLER=always_on` to see
//! the spans.

use std::time::Duration;

use lapin::ExchangeKind;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions};
use lapin::types::FieldTable;
use telemetry_amqp::{Broker, Delivered, Message, declare_with_dead_letters};
use telemetry_core::{FutureExt as _, Scope};
use tokio::sync::mpsc;

/// Declares the exchange `games` with the queue `bot.games`, and its dead letters.
async fn declare(channel: lapin::Channel) -> lapin::Result<()> {
    let (exchange, queue) = ("games", "bot.games");
    let kind = ExchangeKind::Topic;
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(exchange.into(), kind, options, FieldTable::default())
        .await?;
    declare_with_dead_letters(&channel, queue).await?;
    let (pattern, options) = ("game.*".into(), QueueBindOptions::default());
    let arguments = FieldTable::default();
    channel
        .queue_bind(queue.into(), exchange.into(), pattern, options, arguments)
        .await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = telemetry_otel::init()?;
    let url = std::env::var("AMQP_URL");
    let url = url.unwrap_or_else(|_| "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned());
    let broker = Broker::builder(url).with_topology(declare).build()?;

    // Where HTTP comes in, this scope is that of the request.
    let request = Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament"])
        .build();
    let message = Message::new("games", "game.started", r#"{"game":7}"#).with_id("game-7-started");
    broker.publish(message).in_scope(request).await?;

    let (done, mut is_done) = mpsc::channel(1);
    let announce = move |message: Delivered| {
        let done = done.clone();
        async move {
            if message.attempt() == 1 {
                return Err("the channel is full");
            }
            tracing::info!(bytes = message.body().len(), "game_announced");
            done.send(()).await.map_err(|_| "nobody waits")
        }
    };
    let consumer = broker.consume("bot.games").with_concurrency(4);
    let shutdown = async { is_done.recv().await.unwrap_or_default() };
    consumer.run(announce, shutdown).await;
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}
