//! A message to be published.

use std::fmt;

use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, options::BasicPublishOptions};
use telemetry_core::RandomId;

use crate::attributes::Envelope;
use crate::headers::Headers;
use crate::publish_error::PublishError;

/// The delivery mode of messages that survive a restart of the broker.
const PERSISTENT: u8 = 2;

/// A message to be published.
///
/// It is persistent and mandatory: it survives a restart of the broker in a durable queue, and
/// where no queue takes it, that is an error.
#[derive(Clone)]
#[must_use = "a message does nothing until it is published"]
pub struct Message {
    exchange: String,
    routing_key: String,
    body: Vec<u8>,
    id: Option<String>,
    content_type: Option<String>,
    is_mandatory: bool,
}

/// A message in the types of lapin.
pub(crate) struct Publishing {
    pub(crate) exchange: ShortString,
    pub(crate) routing_key: ShortString,
    pub(crate) options: BasicPublishOptions,
    pub(crate) body: Vec<u8>,
    pub(crate) properties: BasicProperties,
}

impl Message {
    /// Says what is sent and where to. The empty exchange delivers to the queue that the routing
    /// key names.
    pub fn new(
        exchange: impl Into<String>,
        routing_key: impl Into<String>,
        body: impl Into<Vec<u8>>,
    ) -> Self {
        Self {
            exchange: exchange.into(),
            routing_key: routing_key.into(),
            body: body.into(),
            id: None,
            content_type: None,
            is_mandatory: true,
        }
    }

    /// Sets the id, by which whoever takes the message tells it from others; a new UUID if it is
    /// not set.
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the content type, such as `application/json`.
    pub fn with_content_type(mut self, content_type: impl Into<String>) -> Self {
        self.content_type = Some(content_type.into());
        self
    }

    /// Says whether it is an error when no queue takes the message. It is by default; else the
    /// broker drops the message then.
    pub fn with_mandatory(mut self, is_mandatory: bool) -> Self {
        self.is_mandatory = is_mandatory;
        self
    }

    /// Makes up an id if it has none.
    pub(crate) fn identify(&mut self) {
        self.id
            .get_or_insert_with(|| RandomId::new().as_str().to_owned());
    }

    pub(crate) fn envelope(&self) -> Envelope<'_> {
        Envelope {
            exchange: &self.exchange,
            routing_key: &self.routing_key,
            queue: "",
            id: self.id.as_deref(),
            size: self.body.len(),
        }
    }

    /// The message in the types of lapin.
    pub(crate) fn into_publishing(self, headers: Headers) -> Result<Publishing, PublishError> {
        let short = |text: String, what| {
            ShortString::try_new(text).map_err(|_| PublishError::TooLong(what))
        };
        let mut properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_headers(FieldTable::from(headers));
        if let Some(id) = self.id {
            properties = properties.with_message_id(short(id, "id")?);
        }
        if let Some(content_type) = self.content_type {
            properties = properties.with_content_type(short(content_type, "content type")?);
        }
        Ok(Publishing {
            exchange: short(self.exchange, "exchange")?,
            routing_key: short(self.routing_key, "routing key")?,
            options: BasicPublishOptions {
                mandatory: self.is_mandatory,
                ..BasicPublishOptions::default()
            },
            body: self.body,
            properties,
        })
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the body, which tells more than is to be logged.
        f.debug_struct("Message")
            .field("envelope", &self.envelope())
            .field("content_type", &self.content_type)
            .field("is_mandatory", &self.is_mandatory)
            .finish_non_exhaustive()
    }
}
