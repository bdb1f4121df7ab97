//! The attributes of spans and metrics, by the semantic conventions for RabbitMQ.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanRef;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, MESSAGING_DESTINATION_ANONYMOUS, MESSAGING_DESTINATION_NAME,
    MESSAGING_DESTINATION_TEMPLATE, MESSAGING_MESSAGE_BODY_SIZE, MESSAGING_MESSAGE_ID,
    MESSAGING_OPERATION_NAME, MESSAGING_OPERATION_TYPE, MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
    MESSAGING_SYSTEM, SERVER_ADDRESS, SERVER_PORT,
};
use telemetry_core::instrument::BoundedNames;

use crate::destination;
use crate::names::RABBITMQ;

/// What is said here of a message wins over fields of the context.
pub(crate) const OF_MESSAGE: [&str; 12] = [
    ERROR_TYPE,
    MESSAGING_DESTINATION_ANONYMOUS,
    MESSAGING_DESTINATION_NAME,
    MESSAGING_DESTINATION_TEMPLATE,
    MESSAGING_MESSAGE_BODY_SIZE,
    MESSAGING_MESSAGE_ID,
    MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE,
    MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
    MESSAGING_SYSTEM,
    SERVER_ADDRESS,
    SERVER_PORT,
];

/// A message on its way, as spans tell of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Envelope<'a> {
    pub(crate) exchange: &'a str,
    pub(crate) routing_key: &'a str,
    /// Empty where it is published.
    pub(crate) queue: &'a str,
    pub(crate) id: Option<&'a str>,
    pub(crate) size: usize,
}

/// The destinations of metrics: an application may have a queue for each of its users.
static DESTINATIONS: BoundedNames = BoundedNames::new(MESSAGING_DESTINATION_NAME);

/// Those that say what is done, and where: of metrics, and of few values therefore.
pub(crate) fn of_operation(
    operation: &'static str,
    destination: &str,
    server: &[KeyValue],
) -> Vec<KeyValue> {
    // Room for the type of the operation, and for how it may fail.
    let mut attributes = Vec::with_capacity(5 + server.len());
    attributes.push(KeyValue::new(MESSAGING_SYSTEM, RABBITMQ));
    attributes.push(KeyValue::new(MESSAGING_OPERATION_NAME, operation));
    attributes.push(match destination::template(destination) {
        Some(template) => KeyValue::new(MESSAGING_DESTINATION_TEMPLATE, template),
        None => KeyValue::new(MESSAGING_DESTINATION_NAME, DESTINATIONS.get(destination)),
    });
    attributes.extend_from_slice(server);
    attributes
}

/// Sets those of a span that is recorded: those of the metrics, and what is known of the message.
pub(crate) fn set_on(
    span: &SpanRef<'_>,
    kind: &'static str,
    of_operation: &[KeyValue],
    message: &Envelope<'_>,
) {
    let Envelope {
        exchange,
        routing_key,
        queue,
        id,
        size,
    } = *message;
    let few = of_operation.iter().cloned();
    span.set_attributes(few.filter(|one| one.key.as_str() != MESSAGING_DESTINATION_NAME));
    span.set_attribute(KeyValue::new(
        MESSAGING_DESTINATION_NAME,
        destination::name(exchange, routing_key, queue),
    ));
    if of_operation
        .iter()
        .any(|one| one.key.as_str() == MESSAGING_DESTINATION_TEMPLATE)
    {
        span.set_attribute(KeyValue::new(MESSAGING_DESTINATION_ANONYMOUS, true));
    }
    span.set_attribute(KeyValue::new(MESSAGING_OPERATION_TYPE, kind));
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    span.set_attribute(KeyValue::new(MESSAGING_MESSAGE_BODY_SIZE, size));
    if !routing_key.is_empty() {
        span.set_attribute(KeyValue::new(
            MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY,
            routing_key.to_owned(),
        ));
    }
    if let Some(id) = id {
        span.set_attribute(KeyValue::new(MESSAGING_MESSAGE_ID, id.to_owned()));
    }
}
