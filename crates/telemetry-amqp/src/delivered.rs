//! A message as its handler gets it.

use std::fmt;
use std::sync::Arc;

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{FieldTable, ShortString};
use opentelemetry::Context;
use telemetry_core::instrument::request_id_from;
use telemetry_core::{RandomId, Scope, ScopeBuilder, names, propagation};

use crate::attributes::Envelope;
use crate::headers::{self, Carrier};
use crate::names::{ATTEMPT, EXCHANGE, REQUEST_ID, ROUTING_KEY};

/// A message that is being handled. Clones share it.
#[derive(Clone)]
pub struct Delivered(Arc<Inner>);

struct Inner {
    delivery: Delivery,
    queue: String,
    /// Absent where the message brings an id that a request id can be made from.
    new_request_id: Option<RandomId>,
}

impl Delivered {
    pub(crate) fn new(delivery: Delivery, queue: String) -> Self {
        let new_request_id = own_id(&delivery).is_none().then(RandomId::new);
        Self(Arc::new(Inner {
            delivery,
            queue,
            new_request_id,
        }))
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

    /// The request id that was made up for a message without any id. It stays the same at every
    /// attempt.
    pub(crate) fn new_request_id(&self) -> Option<&RandomId> {
        self.0.new_request_id.as_ref()
    }

    /// Begins the scope; with where the message comes from, if it brings a trace.
    pub(crate) fn open_scope(&self) -> (ScopeBuilder, Option<Context>) {
        open_scope(self.delivery(), self.new_request_id())
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
    /// Makes a scope with the context that the message brings: its trace, `request.id`, `user.id`,
    /// `labels`, and `messaging.message.id`, `messaging.rabbitmq.destination.routing_key` and `delivery.attempt`.
    ///
    /// Without a valid `request.id` among its headers, it is made from the message's id, or else
    /// from its correlation id; without these, each call makes a new one.
    fn scope(&self) -> Scope;
}

impl DeliveryScope for Delivery {
    fn scope(&self) -> Scope {
        let (mut scope, origin) = open_scope(self, None);
        if let Some(origin) = &origin {
            scope.trace(origin);
        }
        scope.build()
    }
}

fn open_scope(
    delivery: &Delivery,
    new_request_id: Option<&RandomId>,
) -> (ScopeBuilder, Option<Context>) {
    let mut scope = Scope::builder();
    match own_id(delivery) {
        Some(id) => scope.field(names::REQUEST_ID, &*request_id_from(id)),
        None => scope.field(
            names::REQUEST_ID,
            new_request_id.copied().unwrap_or_else(RandomId::new),
        ),
    };
    // In place of that one, if there is one that is valid.
    let carrier = Carrier(delivery.properties.headers().as_ref());
    let origin = propagation::extract_trusted(&carrier, &mut scope);
    if let Some(id) = id(delivery) {
        scope.field(names::MESSAGING_MESSAGE_ID, id);
    }
    scope.field(names::MESSAGING_ROUTING_KEY, routing_key(delivery));
    scope.field(names::DELIVERY_ATTEMPT, attempt(delivery));
    (scope, origin)
}

/// What a request id is made from, where the message brings none.
fn own_id(delivery: &Delivery) -> Option<&str> {
    let kept = header(delivery).and_then(|table| headers::text(table, REQUEST_ID));
    let correlation_id = delivery.properties.correlation_id().as_ref();
    let ids = [kept, id(delivery), correlation_id.map(ShortString::as_str)];
    ids.into_iter().flatten().find(|id| !id.is_empty())
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
