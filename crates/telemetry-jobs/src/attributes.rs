//! The attributes of spans and metrics, by the semantic conventions for messaging.

use opentelemetry::{Array, KeyValue, StringValue, Value as OtelValue};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, MESSAGING_DESTINATION_NAME, MESSAGING_MESSAGE_ID, MESSAGING_OPERATION_NAME,
    MESSAGING_OPERATION_TYPE, MESSAGING_SYSTEM,
};
use telemetry_core::Value;

use crate::names::APALIS;

/// The `error.type` of a job that may not be tried again.
pub(crate) const ABORTED: &str = "aborted";
/// The `error.type` of what was dropped before it ended.
pub(crate) const CANCELLED: &str = "cancelled";
/// The `error.type` of what ended by a panic, and its `exception.type`.
pub(crate) const PANIC: &str = "panic";
/// The `error.type` of any other error.
pub(crate) const OTHER: &str = "_OTHER";

/// Those that say what is done, and with which queue: of spans and metrics alike.
pub(crate) fn of_operation(operation: &'static str, destination: String) -> Vec<KeyValue> {
    // Room for what is known at the end.
    let mut attributes = Vec::with_capacity(4);
    attributes.push(KeyValue::new(MESSAGING_SYSTEM, APALIS));
    attributes.push(KeyValue::new(MESSAGING_OPERATION_NAME, operation));
    attributes.push(KeyValue::new(MESSAGING_DESTINATION_NAME, destination));
    attributes
}

/// Says whether a field of the context may be an attribute: a span has each key once, and what
/// is said here of a job wins.
pub(crate) fn is_free(key: &str) -> bool {
    const OURS: [&str; 6] = [
        ERROR_TYPE,
        MESSAGING_DESTINATION_NAME,
        MESSAGING_MESSAGE_ID,
        MESSAGING_OPERATION_NAME,
        MESSAGING_OPERATION_TYPE,
        MESSAGING_SYSTEM,
    ];
    !OURS.contains(&key)
}

/// A field of the context as an attribute. OTLP has no integer above `i64::MAX`.
pub(crate) fn of_field(key: String, value: Value) -> KeyValue {
    let value = match value {
        Value::Bool(value) => OtelValue::Bool(value),
        Value::I64(value) => OtelValue::I64(value),
        Value::U64(value) => OtelValue::String(value.to_string().into()),
        Value::F64(value) => OtelValue::F64(value),
        Value::String(value) => OtelValue::String(value.into()),
        Value::List(values) => {
            let values = values.into_iter().map(StringValue::from);
            OtelValue::Array(Array::String(values.collect()))
        }
    };
    KeyValue::new(key, value)
}
