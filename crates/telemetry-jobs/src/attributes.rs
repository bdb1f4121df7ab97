//! The attributes of spans and metrics, by the semantic conventions for messaging.

use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, MESSAGING_DESTINATION_NAME, MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};

use crate::names::APALIS;

/// The `error.type` of a job that may not be tried again.
pub(crate) const ABORTED: &str = "aborted";

/// Those that say what is done, and with which queue: of spans and metrics alike.
pub(crate) fn of_operation(operation: &'static str, destination: String) -> Vec<KeyValue> {
    // Room for what is known at the end.
    let mut attributes = Vec::with_capacity(4);
    attributes.push(KeyValue::new(MESSAGING_SYSTEM, APALIS));
    attributes.push(KeyValue::new(MESSAGING_OPERATION_NAME, operation));
    attributes.push(KeyValue::new(MESSAGING_DESTINATION_NAME, destination));
    attributes
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
