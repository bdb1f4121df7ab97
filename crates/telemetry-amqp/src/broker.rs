//! The handle of a broker.

use std::sync::Arc;

use lapin::Confirmation;
use telemetry_core::{FutureExt as _, instrument};
use tokio::time::timeout;

use crate::builder::BrokerBuilder;
use crate::consumer::Consumer;
use crate::failure;
use crate::headers::Headers;
use crate::link::Link;
use crate::message::{Message, Publishing};
use crate::producer::Sending;
use crate::publish_error::PublishError;

/// A message broker: RabbitMQ, or another that speaks AMQP 0.9.1.
///
/// A cheap handle: clones share one connection, which is made when it is first needed, and made
/// again, with growing waits, whenever it is lost. It is closed with the last handle.
#[derive(Clone, Debug)]
pub struct Broker {
    pub(crate) link: Arc<Link>,
}

impl Broker {
    /// Begins to say how a broker is connected to. The URL's password is never shown.
    pub fn builder(url: impl Into<String>) -> BrokerBuilder {
        BrokerBuilder::new(url.into())
    }

    pub(crate) fn new(link: Link) -> Self {
        Self {
            link: Arc::new(link),
        }
    }

    /// Publishes a message with the context of the current scope, and waits until the broker has
    /// confirmed that it has it.
    ///
    /// `request.id`, `user.id`, `labels` and the trace cross in its headers. Outside of any scope,
    /// or in one without a valid `request.id`, the message gets a new one.
    ///
    /// # Errors
    ///
    /// When the broker has not confirmed it within the
    /// [time](BrokerBuilder::with_publish_timeout); at once when it is known to be away. After
    /// [`Lost`](PublishError::Lost) and [`TimedOut`](PublishError::TimedOut) the message may have
    /// arrived: who publishes it again does so with the same id.
    pub async fn publish(&self, message: Message) -> Result<(), PublishError> {
        let published = self.publish_in_scope(message);
        match instrument::sending_scope() {
            Some(scope) => published.in_scope(scope).await,
            None => published.await,
        }
    }

    async fn publish_in_scope(&self, mut message: Message) -> Result<(), PublishError> {
        message.identify();
        let settings = &self.link.settings;
        let sending = Sending::start(&message.envelope(), &settings.server);
        let mut headers = Headers::new();
        sending.inject(&mut headers);
        let result = match message.into_publishing(headers) {
            Ok(publishing) => self.send(publishing).await,
            Err(error) => Err(error),
        };
        let failure = result.as_ref().err().map(failure::from_publish_error);
        sending.end(failure.as_ref());
        result
    }

    /// Begins to say how messages of a queue are taken.
    pub fn consume(&self, queue: impl Into<String>) -> Consumer {
        Consumer::new(self.clone(), queue.into())
    }

    /// Publishes within the time.
    pub(crate) async fn send(&self, publishing: Publishing) -> Result<(), PublishError> {
        let time = self.link.settings.publish_timeout;
        let confirmed = timeout(time, self.confirmed(publishing)).await;
        confirmed.unwrap_or(Err(PublishError::TimedOut(time)))
    }

    async fn confirmed(&self, publishing: Publishing) -> Result<(), PublishError> {
        let live = self.link.live().await.map_err(PublishError::Away)?;
        let leased = live.lease().await.map_err(PublishError::Away)?;
        let Publishing {
            exchange,
            routing_key,
            options,
            body,
            properties,
        } = publishing;
        let confirmation = async {
            let channel = &leased.channel;
            channel
                .basic_publish(exchange, routing_key, options, &body, properties)
                .await?
                .await
        };
        let result = match confirmation.await {
            Ok(Confirmation::Ack(None) | Confirmation::NotRequested) => Ok(()),
            Ok(Confirmation::Ack(Some(_))) => Err(PublishError::Unroutable),
            Ok(Confirmation::Nack(_)) => Err(PublishError::Refused),
            Err(error) if error.is_amqp_soft_error() => Err(PublishError::Closed(error)),
            Err(error) => Err(PublishError::Lost(error)),
        };
        // Another message would take what is still said of this one for its own.
        if matches!(
            result,
            Ok(()) | Err(PublishError::Unroutable | PublishError::Refused)
        ) {
            leased.give_back();
        }
        result
    }
}
