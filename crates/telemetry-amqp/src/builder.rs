//! How a broker is told of.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use backon::ExponentialBuilder;
use lapin::Channel;
use lapin::tcp::RustlsConnector;
use lapin::uri::AMQPUri;
use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{SERVER_ADDRESS, SERVER_PORT};
use thiserror::Error;

use crate::broker::Broker;
use crate::link::{Link, Settings, Topology};

/// The seconds between heartbeats, where the URL does not say.
const HEARTBEAT: u16 = 10;

/// Why there is no [`Broker`].
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// It is no URL such as `amqp://user:password@host:5672/%2f`.
    // Without what is wrong with it: that may quote the password.
    #[error("not a URL of AMQP")]
    Url,
}

/// Collects what a [`Broker`] is made with. Made by [`Broker::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct BrokerBuilder {
    url: String,
    name: String,
    topology: Option<Box<Topology>>,
    tls: Option<RustlsConnector>,
    connect_timeout: Duration,
    publish_timeout: Duration,
    shortest_wait: Duration,
    longest_wait: Duration,
}

impl BrokerBuilder {
    pub(crate) fn new(url: String) -> Self {
        Self {
            url,
            name: env!("CARGO_PKG_NAME").to_owned(),
            topology: None,
            tls: None,
            connect_timeout: Duration::from_secs(5),
            publish_timeout: Duration::from_secs(5),
            shortest_wait: Duration::from_millis(100),
            longest_wait: Duration::from_secs(10),
        }
    }

    /// Sets the name of the connection in RabbitMQ's management.
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Declares exchanges, queues and bindings on each new connection, before anything else is
    /// done with it. Where that fails, the broker counts as away.
    pub fn with_topology<F>(
        mut self,
        declare: impl Fn(Channel) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = lapin::Result<()>> + Send + 'static,
    {
        self.topology = Some(Box::new(move |channel| Box::pin(declare(channel))));
        self
    }

    /// Sets the trusted authorities and the client certificate of `amqps` URLs, as an
    /// `Arc<rustls::ClientConfig>`. Without it, Mozilla's authorities are trusted. URLs with `amqp`
    /// are not affected.
    pub fn with_tls(mut self, tls: impl Into<RustlsConnector>) -> Self {
        self.tls = Some(tls.into());
        self
    }

    /// Sets how long an attempt to connect may take, with its topology; 5 s by default.
    pub fn with_connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long publishing may take, to the broker's confirmation; 5 s by default.
    pub fn with_publish_timeout(mut self, timeout: Duration) -> Self {
        self.publish_timeout = timeout;
        self
    }

    /// Sets the shortest and the longest wait between attempts to connect; 100 ms and 10 s by
    /// default. Each wait is about twice the one before, with chance added, so that those who
    /// lost a broker together do not come back together.
    pub fn with_backoff(mut self, shortest: Duration, longest: Duration) -> Self {
        self.shortest_wait = shortest;
        self.longest_wait = longest;
        self
    }

    /// Makes the handle. Nothing is connected to yet.
    ///
    /// # Errors
    ///
    /// When the URL is none of AMQP.
    pub fn build(self) -> Result<Broker, BuildError> {
        let mut uri: AMQPUri = self.url.parse().map_err(|_| BuildError::Url)?;
        // Without heartbeats a connection that is dead is found out after minutes.
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        let (host, port) = (uri.authority.host.clone(), uri.authority.port);
        let settings = Settings {
            name: self.name,
            topology: self.topology,
            tls: self.tls,
            connect_timeout: self.connect_timeout,
            publish_timeout: self.publish_timeout,
            backoff: ExponentialBuilder::new()
                .with_min_delay(self.shortest_wait)
                .with_max_delay(self.longest_wait)
                .with_jitter()
                .without_max_times(),
            broker: format!("{host}:{port}/{}", uri.vhost.trim_start_matches('/')),
            server: [
                KeyValue::new(SERVER_ADDRESS, host),
                KeyValue::new(SERVER_PORT, i64::from(port)),
            ],
            uri,
        };
        Ok(Broker::new(Link::new(settings)))
    }
}

impl fmt::Debug for BrokerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerBuilder")
            .field("name", &self.name)
            .field("topology", &self.topology.is_some())
            .field("connect_timeout", &self.connect_timeout)
            .field("publish_timeout", &self.publish_timeout)
            .finish_non_exhaustive()
    }
}
