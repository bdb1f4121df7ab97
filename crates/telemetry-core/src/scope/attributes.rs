//! The fields of a scope as attributes of a span.

use opentelemetry::{Array, Key, KeyValue, StringValue, Value as OtelValue};

use crate::decode::Piece;
use crate::interned::interned;
use crate::names;
use crate::scope::Scope;
use crate::value::Value;

impl Scope {
    /// Adds all fields as attributes of a span: but those that are among `attributes` already,
    /// or whose keys are `taken`, since a span has each key once.
    ///
    /// OTLP has no integer above `i64::MAX`: one is added as text.
    pub fn add_attributes(&self, attributes: &mut Vec<KeyValue>, taken: &[&str]) {
        // A scope has each key once: only what was there before can be met again.
        let before = attributes.len();
        self.for_each_field(|field| {
            let is_there = |attribute: &KeyValue| attribute.key.as_str().as_bytes() == field.key;
            let is_taken = taken.iter().any(|key| key.as_bytes() == field.key);
            if !is_taken && !attributes[..before].iter().any(is_there) {
                attributes.push(KeyValue::new(key_of(field), value_of(field)));
            }
        });
    }
}

fn key_of(field: Piece<'_>) -> Key {
    // The names that every request has are there for ever, and have nothing to be unescaped.
    let fixed = [names::REQUEST_ID, names::USER_ID, names::LABELS];
    match fixed.into_iter().find(|name| name.as_bytes() == field.key) {
        Some(name) => Key::from_static_str(name),
        None => interned(&field.key()).into(),
    }
}

fn value_of(field: Piece<'_>) -> OtelValue {
    // Labels are on every request, and few.
    if field.key == names::LABELS.as_bytes()
        && let Some(labels) = field.texts()
    {
        let labels = labels.map(|label| interned(&label).into());
        return OtelValue::Array(Array::String(labels.collect()));
    }
    match field.value() {
        Value::Bool(value) => OtelValue::Bool(value),
        Value::I64(value) => OtelValue::I64(value),
        Value::U64(value) => OtelValue::String(value.to_string().into()),
        Value::F64(value) => OtelValue::F64(value),
        Value::String(value) => OtelValue::String(value.into()),
        Value::List(values) => {
            let values = values.into_iter().map(StringValue::from);
            OtelValue::Array(Array::String(values.collect()))
        }
    }
}
