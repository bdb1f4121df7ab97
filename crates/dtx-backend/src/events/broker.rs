//! What events go through at the message broker.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions};
use lapin::types::FieldTable;
use lapin::{Channel, ExchangeKind};
use telemetry_amqp::{Broker, Delivered, declare_with_dead_letters};

use crate::bot::Announcer;
use crate::roles::Stop;
use crate::settings::Settings;
use crate::tls;

/// How often an event is brought to the bot. With the waits between, that is over five minutes.
const ATTEMPTS: u32 = 16;
/// How many events the bot announces side by side.
const CONCURRENCY: u16 = 4;

/// Events at a broker.
#[derive(Clone, Debug)]
pub(crate) struct EventBroker {
    pub(super) broker: Broker,
    pub(super) exchange: String,
}

impl EventBroker {
    /// Prepares to connect, if the settings name a broker.
    ///
    /// # Errors
    ///
    /// When they name none that there can be.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Option<Self>> {
        let Some(url) = &settings.events.amqp_url else {
            return Ok(None);
        };
        let exchange = settings.events.exchange.clone();
        tls::install_provider();
        let broker = Broker::builder(url)
            .with_name(env!("CARGO_PKG_NAME"))
            .with_tls(Arc::new(settings.tls.private().client()?))
            .with_topology({
                let exchange = exchange.clone();
                move |channel| declare(channel, exchange.clone())
            })
            .build()
            .context("AMQP_URL cannot be used")?;
        Ok(Some(Self { broker, exchange }))
    }

    /// Hands events to the announcer until told to stop.
    pub(crate) async fn consume(self, announcer: Announcer, mut stop: Stop, patience: Duration) {
        let announce = move |message: Delivered| {
            let announcer = announcer.clone();
            async move {
                let id = message.id().context("it has no id")?;
                announcer.announce(id, message.body()).await
            }
        };
        let stopping = async {
            let _reason = stop.requested().await;
        };
        self.broker
            .consume(bots_queue(&self.exchange))
            .with_attempts(ATTEMPTS)
            .with_concurrency(CONCURRENCY)
            .with_drain_deadline(patience)
            .run(announce, stopping)
            .await;
    }
}

/// Declares the exchange and the queue of the bot, by whoever comes first: so no event is lost
/// that is published before the bot has run.
async fn declare(channel: Channel, exchange: String) -> lapin::Result<()> {
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let none = FieldTable::default;
    let name = exchange.as_str();
    channel
        .exchange_declare(name.into(), ExchangeKind::Topic, durable, none())
        .await?;
    let queue = bots_queue(&exchange);
    declare_with_dead_letters(&channel, &queue).await?;
    let binding = QueueBindOptions::default();
    channel
        .queue_bind(queue.into(), exchange.into(), "#".into(), binding, none())
        .await
}

fn bots_queue(exchange: &str) -> String {
    format!("{exchange}.bot")
}
