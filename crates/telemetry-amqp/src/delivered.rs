//! A message as its handler gets it.

use std::fmt;
use std::sync::Arc;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{FieldTable, ShortString};
use opentelemetry::Context;
use telemetry_core::{RandomId, Scope, ScopeBuilder, names, propagation};

use crate::attributes::Envelope;
use crate::headers::{self, Carrier};
use crate::names::{ATTEMPT, EXCHANGE, ROUTING_KEY};

/// A message that is being handled. Clones share it.
#[derive(Clone)]
pub struct Delivered(Arc<Inner>);

struct Inner {
    delivery: Delivery,
    queue: String,
}

impl Delivered {
    pub(crate) fn new(delivery: Delivery, queue: String) -> Self {
        Self(Arc::new(Inner { delivery, queue }))
    }

    /// What was sent.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.delivery.data
    }

    /// The id that the sender gave the message.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        id(&self.0.delivery)
    }

    /// The content type, such as `application/json`.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        let content_type = self.properties().content_type().as_ref();
        content_type.map(ShortString::as_str)
    }

    /// The exchange that the message was published to. At every attempt the same.
    #[must_use]
    pub fn exchange(&self) -> &str {
        exchange(&self.0.delivery)
    }

    /// The routing key that the message was published with. At every attempt the same.
    #[must_use]
    pub fn routing_key(&self) -> &str {
        routing_key(&self.0.delivery)
    }

    /// The queue that the message was taken from.
    #[must_use]
    pub fn queue(&self) -> &str {
        &self.0.queue
    }

    /// Which attempt this is: 1 at first. Attempts that ended with their process or connection
    /// are not counted: see [`is_redelivered`](Self::is_redelivered).
    #[must_use]
    pub fn attempt(&self) -> u32 {
        attempt(&self.0.delivery)
    }

    /// Whether the message was delivered before, and what became of it not told: it may have been
    /// handled already.
    #[must_use]
    pub fn is_redelivered(&self) -> bool {
        self.0.delivery.redelivered
    }

    /// All properties of the message, its headers among them.
    #[must_use]
    pub fn properties(&self) -> &BasicProperties {
        &self.0.delivery.properties
    }

    pub(crate) fn delivery(&self) -> &Delivery {
        &self.0.delivery
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope {
            exchange: self.exchange(),
            routing_key: self.routing_key(),
            queue: self.queue(),
            id: self.id(),
            size: self.body().len(),
        }
    }
}

impl fmt::Debug for Delivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivered")
            .field("envelope", &self.envelope())
            .field("attempt", &self.attempt())
            .finish_non_exhaustive()
    }
}

/// Opens the scope of a delivery, for applications that have consumers of their own.
pub trait DeliveryScope {
    /// Makes a scope with the context that the message brings: its trace, `request.id` (or a new
    /// one, if it brings none that is valid), `user.id`, `labels`, and `message.id`,
    /// `message.routing_key` and `message.attempt`.
    fn scope(&self) -> Scope;
}

impl DeliveryScope for Delivery {
    fn scope(&self) -> Scope {
        let (mut scope, origin) = open_scope(self);
        if let Some(origin) = &origin {
            scope.trace(origin);
        }
        scope.build()
    }
}

/// Begins the scope of a delivery; with where it comes from, if it brings a trace.
pub(crate) fn open_scope(delivery: &Delivery) -> (ScopeBuilder, Option<Context>) {
    let mut scope = Scope::builder();
    scope.field(names::REQUEST_ID, RandomId::new());
    // In place of the new id, if there is one that is valid.
    let carrier = Carrier(delivery.properties.headers().as_ref());
    let origin = propagation::extract_trusted(&carrier, &mut scope);
    if let Some(id) = id(delivery) {
        scope.field(names::MESSAGE_ID, id);
    }
    scope.field(names::MESSAGE_ROUTING_KEY, routing_key(delivery));
    scope.field(names::MESSAGE_ATTEMPT, attempt(delivery));
    (scope, origin)
}

fn id(delivery: &Delivery) -> Option<&str> {
    let id = delivery.properties.message_id().as_ref();
    id.map(ShortString::as_str)
}

fn exchange(delivery: &Delivery) -> &str {
    let kept = header(delivery).and_then(|table| headers::text(table, EXCHANGE));
    kept.unwrap_or(delivery.exchange.as_str())
}

fn routing_key(delivery: &Delivery) -> &str {
    let kept = header(delivery).and_then(|table| headers::text(table, ROUTING_KEY));
    kept.unwrap_or(delivery.routing_key.as_str())
}

fn attempt(delivery: &Delivery) -> u32 {
    let kept = header(delivery).and_then(|table| headers::number(table, ATTEMPT));
    kept.unwrap_or(1)
}

fn header(delivery: &Delivery) -> Option<&FieldTable> {
    delivery.properties.headers().as_ref()
}
