//! The attributes of spans and metrics, by the semantic conventions for messaging.

use opentelemetry::KeyValue;
use opentelemetry::trace::SpanRef;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, MESSAGING_DESTINATION_NAME, MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};
use telemetry_core::instrument::BoundedNames;

use crate::names::APALIS;

/// The `error.type` of a job that may not be tried again.
pub(crate) const ABORTED: &str = "aborted";

/// The queues of metrics: an application may have one for each of its users.
static QUEUES: BoundedNames = BoundedNames::new(MESSAGING_DESTINATION_NAME);

/// Those that say what is done, and with which queue: of metrics, and of few values therefore.
pub(crate) fn of_operation(operation: &'static str, destination: &str) -> Vec<KeyValue> {
    // Room for what is known at the end.
    let mut attributes = Vec::with_capacity(4);
    attributes.push(KeyValue::new(MESSAGING_SYSTEM, APALIS));
    attributes.push(KeyValue::new(MESSAGING_OPERATION_NAME, operation));
    attributes.push(KeyValue::new(
        MESSAGING_DESTINATION_NAME,
        QUEUES.get(destination),
    ));
    attributes
}

/// Sets those of a span that is recorded: those of the metrics, with the queue as it is called, and
/// the id of the job.
pub(crate) fn set_on(
    span: &SpanRef<'_>,
    of_operation: &[KeyValue],
    destination: String,
    kind: &'static str,
    id: Option<String>,
) {
    let others = of_operation.iter().cloned();
    span.set_attributes(others.filter(|one| one.key.as_str() != MESSAGING_DESTINATION_NAME));
    span.set_attribute(KeyValue::new(MESSAGING_DESTINATION_NAME, destination));
    span.set_attribute(KeyValue::new(MESSAGING_OPERATION_TYPE, kind));
    span.set_attributes(id.map(|id| KeyValue::new(MESSAGING_MESSAGE_ID, id)));
}

/// What is said here of a job wins over fields of the context.
pub(crate) const OF_JOB: [&str; 6] = [
    ERROR_TYPE,
    MESSAGING_DESTINATION_NAME,
    MESSAGING_MESSAGE_ID,
    MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE,
    MESSAGING_SYSTEM,
];
