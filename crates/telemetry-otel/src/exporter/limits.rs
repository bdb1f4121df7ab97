//! The limits of what is sent: long values, many attributes, exceptions as events.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::ResourceLogs;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use crate::config::{LogRecordLimits, OtelConfig, SpanLimits};

/// The name of the events that exceptions are on spans.
const EXCEPTION: &str = "exception";

/// What is left out of what is sent. On the thread that exports: recording costs the same with and
/// without limits. How many attributes, events and links a span has is the SDK's to limit, while the
/// span is recorded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ExportLimits {
    spans: SpanLimits,
    records: LogRecordLimits,
    has_exception_events: bool,
}

impl ExportLimits {
    pub(crate) fn new(config: &OtelConfig) -> Self {
        Self {
            spans: config.span_limits(),
            records: config.log_record_limits(),
            has_exception_events: config.has_exception_events(),
        }
    }

    pub(super) fn apply_to_spans(&self, spans: &mut [ResourceSpans]) {
        let scopes = spans.iter_mut().flat_map(|it| &mut it.scope_spans);
        for span in scopes.flat_map(|scope| &mut scope.spans) {
            self.apply_to_span(span);
        }
    }

    fn apply_to_span(&self, span: &mut Span) {
        if !self.has_exception_events {
            span.events.retain(|event| event.name != EXCEPTION);
        }
        let Some(length) = self.spans.attribute_length() else {
            return;
        };
        let of_events = span.events.iter_mut().map(|event| &mut event.attributes);
        let of_links = span.links.iter_mut().map(|link| &mut link.attributes);
        let all = std::iter::once(&mut span.attributes)
            .chain(of_events)
            .chain(of_links);
        all.for_each(|attributes| cut_values(attributes, length));
    }

    pub(super) fn apply_to_records(&self, records: &mut [ResourceLogs]) {
        let scopes = records.iter_mut().flat_map(|it| &mut it.scope_logs);
        let count = self.records.attributes();
        let kept = usize::try_from(count).unwrap_or(usize::MAX);
        for record in scopes.flat_map(|scope| &mut scope.log_records) {
            let dropped = record.attributes.len().saturating_sub(kept);
            if dropped > 0 {
                record.attributes.truncate(kept);
                let dropped = u32::try_from(dropped).unwrap_or(u32::MAX);
                record.dropped_attributes_count =
                    record.dropped_attributes_count.saturating_add(dropped);
            }
            if let Some(length) = self.records.attribute_length() {
                cut_values(&mut record.attributes, length);
            }
        }
    }
}

/// Cuts what is longer than so many characters.
fn cut_values(attributes: &mut [KeyValue], length: u32) {
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    for value in attributes.iter_mut().filter_map(|it| it.value.as_mut()) {
        cut(value, length);
    }
}

fn cut(value: &mut AnyValue, length: usize) {
    match &mut value.value {
        Some(Value::StringValue(text)) => {
            // No text has more characters than bytes.
            if text.len() > length
                && let Some((end, _)) = text.char_indices().nth(length)
            {
                text.truncate(end);
            }
        }
        Some(Value::BytesValue(bytes)) => bytes.truncate(length),
        Some(Value::ArrayValue(list)) => {
            list.values.iter_mut().for_each(|value| cut(value, length));
        }
        Some(Value::KvlistValue(map)) => {
            let values = map.values.iter_mut().filter_map(|it| it.value.as_mut());
            values.for_each(|value| cut(value, length));
        }
        _ => {}
    }
}
