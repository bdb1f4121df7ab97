//! A log record, made of a line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::Key;
use opentelemetry::logs::{AnyValue, LogRecord, Severity};
use opentelemetry::trace::{SpanId, TraceId};
use telemetry_core::{Value, fields_of_line, names};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::of_export;

/// How many keys are kept. Beyond, each is made anew.
const MOST_KEYS: usize = 1024;

/// Reads lines. Keeps the keys that it has met, which are few and come again and again.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    keys: HashMap<String, Key>,
}

impl Decoder {
    /// Sets what the line says; `None` when it is not to be exported.
    pub(super) fn decode<R: LogRecord>(&mut self, line: &[u8], mut record: R) -> Option<R> {
        let (mut trace_id, mut span_id) = (None, None);
        for (key, value) in fields_of_line(line) {
            match (&*key, value) {
                (names::TIMESTAMP, Value::String(text)) => {
                    if let Ok(time) = OffsetDateTime::parse(&text, &Rfc3339) {
                        record.set_timestamp(SystemTime::from(time));
                    }
                }
                (names::LEVEL, Value::String(level)) => {
                    if let Some((severity, text)) = severity(&level) {
                        record.set_severity_number(severity);
                        record.set_severity_text(text);
                    }
                }
                (names::EVENT, Value::String(event)) => record.set_body(event.into()),
                (names::LOGGER, Value::String(logger)) => {
                    if of_export::is_target(&logger) {
                        return None;
                    }
                    record.set_target(logger);
                }
                (names::TRACE_ID, Value::String(id)) => match TraceId::from_hex(&id) {
                    Ok(id) => trace_id = Some(id),
                    Err(_) => record.add_attribute(names::TRACE_ID, id),
                },
                (names::SPAN_ID, Value::String(id)) => match SpanId::from_hex(&id) {
                    Ok(id) => span_id = Some(id),
                    Err(_) => record.add_attribute(names::SPAN_ID, id),
                },
                (_, value) => record.add_attribute(self.key(key), any_value(value)),
            }
        }
        if let (Some(trace_id), Some(span_id)) = (trace_id, span_id) {
            record.set_trace_context(trace_id, span_id, None);
        }
        Some(record)
    }

    fn key(&mut self, name: Cow<'_, str>) -> Key {
        if let Some(key) = self.keys.get(&*name) {
            return key.clone();
        }
        let key = Key::from(Arc::<str>::from(&*name));
        if self.keys.len() < MOST_KEYS {
            self.keys.insert(name.into_owned(), key.clone());
        }
        key
    }
}

/// The severity of a level, in the words of a line.
fn severity(level: &str) -> Option<(Severity, &'static str)> {
    let severities = [
        (Severity::Trace, "trace"),
        (Severity::Debug, "debug"),
        (Severity::Info, "info"),
        (Severity::Warn, "warning"),
        (Severity::Error, "error"),
    ];
    severities.into_iter().find(|(_, text)| *text == level)
}

fn any_value(value: Value) -> AnyValue {
    match value {
        Value::Bool(value) => AnyValue::Boolean(value),
        Value::I64(value) => AnyValue::Int(value),
        // OTLP has no larger integers.
        Value::U64(value) => AnyValue::String(value.to_string().into()),
        Value::F64(value) => AnyValue::Double(value),
        Value::String(value) => AnyValue::String(value.into()),
        Value::List(values) => {
            let values = values
                .into_iter()
                .map(|value| AnyValue::String(value.into()));
            AnyValue::ListAny(Box::new(values.collect()))
        }
    }
}
