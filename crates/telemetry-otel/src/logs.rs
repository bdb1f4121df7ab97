//! Log records: what is on a line, exported.

use std::time::SystemTime;

use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use telemetry_core::{LineSink, Value, fields_of_line, names};
use tracing::Level;

use crate::of_export;

/// Exports each line as a log record. What is exported is what is written: the same fields,
/// of the same types, in the same order.
#[derive(Debug)]
pub(crate) struct LogRecords {
    logger: SdkLogger,
}

impl LogRecords {
    pub(crate) fn new(provider: &SdkLoggerProvider) -> Self {
        Self {
            logger: provider.logger(""),
        }
    }
}

impl LineSink for LogRecords {
    fn accept(&self, line: &[u8], level: Level) {
        let (severity, text) = severity(level);
        let mut record = self.logger.create_log_record();
        // The line has been rendered just now.
        record.set_timestamp(SystemTime::now());
        record.set_severity_number(severity);
        record.set_severity_text(text);
        let (mut trace_id, mut span_id) = (None, None);
        for (key, value) in fields_of_line(line) {
            match (&*key, value) {
                (names::TIMESTAMP | names::LEVEL, _) => {}
                (names::EVENT, Value::String(event)) => record.set_body(event.into()),
                (names::LOGGER, Value::String(logger)) => {
                    if of_export::is_target(&logger) {
                        return;
                    }
                    record.set_target(logger);
                }
                (names::TRACE_ID, Value::String(id)) => match TraceId::from_hex(&id) {
                    Ok(id) => trace_id = Some(id),
                    Err(_) => record.add_attribute(key, id),
                },
                (names::SPAN_ID, Value::String(id)) => match SpanId::from_hex(&id) {
                    Ok(id) => span_id = Some(id),
                    Err(_) => record.add_attribute(key, id),
                },
                (_, value) => record.add_attribute(key, any_value(value)),
            }
        }
        if let (Some(trace_id), Some(span_id)) = (trace_id, span_id) {
            record.set_trace_context(trace_id, span_id, None);
        }
        self.logger.emit(record);
    }
}

fn severity(level: Level) -> (Severity, &'static str) {
    match level {
        Level::TRACE => (Severity::Trace, "trace"),
        Level::DEBUG => (Severity::Debug, "debug"),
        Level::INFO => (Severity::Info, "info"),
        Level::WARN => (Severity::Warn, "warning"),
        Level::ERROR => (Severity::Error, "error"),
    }
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
