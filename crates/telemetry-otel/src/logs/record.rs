//! A log record, made of a line.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use opentelemetry::Key;
use opentelemetry::logs::{AnyValue, LogRecord, Severity};
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_semantic_conventions::attribute::{
    CODE_FILE_PATH, CODE_LINE_NUMBER, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE,
};
use telemetry_core::{Failure, Value, fields_of_line, names};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::logs::queue::Line;
use crate::of_export;

/// How many keys are kept. Beyond, each is made anew.
const MOST_KEYS: usize = 1024;
/// How many names of events are kept, for ever. An event beyond has no name.
const MAX_EVENT_NAMES: usize = 1024;
/// A longer text is no name of an event.
const MAX_EVENT_NAME_LENGTH: usize = 64;

/// Reads lines. Keeps the keys and the names of events that it has met, which are few and come again
/// and again.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    keys: HashMap<String, Key>,
    event_names: HashSet<&'static str>,
}

/// What a line says of a failure.
#[derive(Debug, Default)]
struct Exception {
    is_error: bool,
    message: Option<String>,
    stacktrace: Option<String>,
}

impl Decoder {
    /// Sets what the line says; `None` when it is not to be exported.
    pub(super) fn decode<R: LogRecord>(&mut self, line: Line<'_>, mut record: R) -> Option<R> {
        let (mut trace_id, mut span_id) = (None, None);
        let mut exception = Exception::default();
        for (key, value) in fields_of_line(line.bytes) {
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
                        exception.is_error = severity == Severity::Error;
                    }
                }
                (names::EVENT, Value::String(event)) => {
                    if let Some(name) = self.event_name(&event) {
                        record.set_event_name(name);
                    }
                    record.set_body(event.into());
                }
                (names::EXCEPTION, Value::String(text)) => exception.stacktrace = Some(text),
                (names::ERROR | names::ERROR_MESSAGE, Value::String(text)) => {
                    record.add_attribute(self.key(key), text.clone());
                    exception.message = Some(text);
                }
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
            let flags = line.source.and_then(|source| source.trace_flags());
            record.set_trace_context(trace_id, span_id, flags);
        }
        exception.add_to(&mut record);
        if let Some((file, number)) = line.source.and_then(|source| source.location()) {
            record.add_attribute(CODE_FILE_PATH, file);
            record.add_attribute(CODE_LINE_NUMBER, i64::from(number));
        }
        Some(record)
    }

    /// The name of the event where its text is one: an identifier. Other texts are messages for
    /// people, of any number.
    fn event_name(&mut self, text: &str) -> Option<&'static str> {
        if let Some(name) = self.event_names.get(text) {
            return Some(name);
        }
        if !is_identifier(text) || self.event_names.len() == MAX_EVENT_NAMES {
            return None;
        }
        let name: &'static str = Box::leak(text.into());
        self.event_names.insert(name);
        Some(name)
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

impl Exception {
    /// Adds the attributes of an exception to the record of a failure: of an error, or of what has
    /// an `exception` on its line.
    fn add_to(self, record: &mut impl LogRecord) {
        if self.stacktrace.is_none() && !self.is_error {
            return;
        }
        if let Some(message) = self.message {
            if message.starts_with(Failure::PANIC_PREFIX) {
                record.add_attribute(EXCEPTION_TYPE, Failure::PANIC);
            }
            record.add_attribute(EXCEPTION_MESSAGE, message);
        }
        if let Some(stacktrace) = self.stacktrace {
            record.add_attribute(EXCEPTION_STACKTRACE, stacktrace);
        }
    }
}

/// Says whether a text is an identifier: `[a-z][a-z0-9_.]{0,63}`.
fn is_identifier(text: &str) -> bool {
    let is_part = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.');
    text.len() <= MAX_EVENT_NAME_LENGTH
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(is_part)
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
