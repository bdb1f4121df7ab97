//! A broker, and an exchange with a queue on it that one test has to itself.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lapin::options::{
    BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
    QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, ConnectionProperties, ExchangeKind};
use telemetry_amqp::{Broker, BrokerBuilder, declare_with_dead_letters};
use test_servers::RabbitMqServer;

/// How long is waited for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An exchange with a queue, to which it delivers what begins with `game.`, and its dead letters.
/// All are gone with it.
pub(crate) struct Place {
    url: String,
    pub(crate) exchange: String,
    pub(crate) queue: String,
}

impl Place {
    /// On the broker that tests share, if it answers.
    pub(crate) fn find() -> Option<Self> {
        RabbitMqServer::shared().map(Self::on)
    }

    pub(crate) fn on(url: String) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("telemetry-amqp.{}.{count}", std::process::id());
        Self {
            url,
            exchange: format!("{name}.games"),
            queue: format!("{name}.bot"),
        }
    }

    /// Host and port.
    pub(crate) fn address(&self) -> &str {
        let (_, rest) = self.url.rsplit_once('@').unwrap();
        rest.split('/').next().unwrap()
    }

    pub(crate) fn broker(&self) -> Broker {
        self.builder(self.url.clone()).build().unwrap()
    }

    /// The same broker, by another way to it.
    pub(crate) fn broker_at(&self, address: &str) -> Broker {
        self.builder_at(address).build().unwrap()
    }

    pub(crate) fn builder_at(&self, address: &str) -> BrokerBuilder {
        self.builder(self.url.replace(self.address(), address))
    }

    fn builder(&self, url: String) -> BrokerBuilder {
        let (exchange, queue) = (self.exchange.clone(), self.queue.clone());
        Broker::builder(url)
            .with_backoff(Duration::from_millis(20), Duration::from_millis(200))
            .with_topology(move |channel| declare(channel, exchange.clone(), queue.clone()))
    }

    /// A channel of its own, without any of our crate.
    pub(crate) async fn channel(&self) -> Channel {
        let properties = ConnectionProperties::default();
        let connection = Connection::connect(&self.url, properties).await.unwrap();
        connection.create_channel().await.unwrap()
    }

    /// The dead letters.
    pub(crate) fn dead(&self) -> String {
        format!("{}.dead", self.queue)
    }

    /// How many messages wait in a queue; `None` when it is not there.
    pub(crate) async fn waiting(&self, queue: &str) -> Option<u32> {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = ShortString::from(queue);
        let declared = self
            .channel()
            .await
            .queue_declare(queue, options, FieldTable::default())
            .await;
        Some(declared.ok()?.message_count())
    }

    /// Waits until so many messages wait in a queue.
    pub(crate) async fn wait_for(&self, queue: &str, count: u32) {
        until(async || self.waiting(queue).await == Some(count)).await;
    }

    /// Takes one message out of a queue: its body and properties.
    pub(crate) async fn take(&self, queue: &str) -> (Vec<u8>, lapin::BasicProperties) {
        let options = BasicGetOptions { no_ack: true };
        let taken = self.channel().await.basic_get(queue.into(), options).await;
        let delivery = taken.unwrap().unwrap().delivery;
        (delivery.data, delivery.properties)
    }

    async fn remove(self) {
        let channel = self.channel().await;
        for queue in [&*self.queue, &*self.dead()] {
            let queue = ShortString::from(queue);
            let options = QueueDeleteOptions::default();
            channel.queue_delete(queue, options).await.unwrap();
        }
        let exchange = ShortString::from(&*self.exchange);
        let options = ExchangeDeleteOptions::default();
        channel.exchange_delete(exchange, options).await.unwrap();
    }
}

async fn declare(channel: Channel, exchange: String, queue: String) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    let (name, none) = (ShortString::from(&*exchange), FieldTable::default);
    channel
        .exchange_declare(name.clone(), ExchangeKind::Topic, options, none())
        .await?;
    declare_with_dead_letters(&channel, &queue).await?;
    let options = QueueBindOptions::default();
    channel
        .queue_bind(queue.into(), name, "game.*".into(), options, none())
        .await
}

/// Does `test` with a place, which it then takes away, whatever became of the test.
pub(crate) async fn with_place(test: impl AsyncFnOnce(&Place)) {
    let Some(place) = Place::find() else {
        return;
    };
    with(place, test).await;
}

/// The same with a place that there is.
pub(crate) async fn with(place: Place, test: impl AsyncFnOnce(&Place)) {
    let result = caught(test(&place)).await;
    place.remove().await;
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

async fn caught(test: impl Future<Output = ()>) -> std::thread::Result<()> {
    use futures_util::FutureExt as _;
    std::panic::AssertUnwindSafe(test).catch_unwind().await
}

/// Waits until `condition` holds, with a bound.
pub(crate) async fn until(condition: impl AsyncFn() -> bool) {
    let holds = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, holds).await.unwrap();
}
