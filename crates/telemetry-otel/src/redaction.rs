//! The redaction of spans: what a line does not show is not exported either.

use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_sdk::trace::SpanData;
use telemetry_core::{REDACTED, is_sensitive, is_sensitive_number};

/// Replaces the values of sensitive keys in the attributes of a span, of its events and of its
/// links. Called where a span leaves, by which all its attributes are known, and off the threads
/// that record.
pub(crate) fn redact(span: &mut SpanData) {
    redact_attributes(&mut span.attributes);
    for event in &mut span.events.events {
        redact_attributes(&mut event.attributes);
    }
    for link in &mut span.links.links {
        redact_attributes(&mut link.attributes);
    }
}

fn redact_attributes(attributes: &mut [KeyValue]) {
    for attribute in attributes {
        if is_secret(attribute.key.as_str(), &attribute.value) {
            attribute.value = REDACTED.into();
        }
    }
}

/// Says whether a value is a secret under this key.
pub(crate) fn is_secret(key: &str, value: &Value) -> bool {
    let is_text = matches!(value, Value::String(_) | Value::Array(Array::String(_)));
    is_sensitive(key) && (is_text || is_sensitive_number(key))
}
