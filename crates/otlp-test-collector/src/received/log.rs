//! Log records.

use std::time::SystemTime;

use opentelemetry_proto::tonic::logs::v1 as proto;

use super::{Resource, Scope, id, time};
use crate::value::{Attributes, Value};

/// A log record.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LogRecord {
    /// When it happened, if that was sent.
    pub timestamp: Option<SystemTime>,
    /// When the sender saw it, if that was sent.
    pub observed: Option<SystemTime>,
    /// How severe it is, from 1 (trace) to 24 (fatal); 0 if not given.
    pub severity_number: i32,
    /// What the source calls this severity; empty if not given.
    pub severity_text: String,
    /// The name of the event; empty if not given.
    pub event_name: String,
    /// The body.
    pub body: Value,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes: u32,
    /// The id of the trace it belongs to, 32 hexadecimal digits.
    pub trace_id: Option<String>,
    /// The id of the span it belongs to, 16 hexadecimal digits.
    pub span_id: Option<String>,
    /// The W3C trace flags.
    pub flags: u32,
    /// The resource that made it.
    pub resource: Resource,
    /// The instrumentation scope that made it.
    pub scope: Scope,
}

impl LogRecord {
    /// Whether it is an event of this name: by its event name, or by its body.
    #[must_use]
    pub fn is(&self, event: &str) -> bool {
        self.event_name == event || self.body == *event
    }

    pub(crate) fn all(sent: Vec<proto::ResourceLogs>) -> Vec<Self> {
        let mut records = Vec::new();
        for group in sent {
            let resource = Resource::new(group.resource, group.schema_url);
            for group in group.scope_logs {
                let scope = Scope::new(group.scope, group.schema_url);
                let converted = group.log_records.into_iter();
                records.extend(converted.map(|record| Self::new(record, &resource, &scope)));
            }
        }
        records
    }

    fn new(record: proto::LogRecord, resource: &Resource, scope: &Scope) -> Self {
        Self {
            timestamp: time(record.time_unix_nano),
            observed: time(record.observed_time_unix_nano),
            severity_number: record.severity_number,
            severity_text: record.severity_text,
            event_name: record.event_name,
            body: Value::new(record.body),
            attributes: Attributes::new(record.attributes),
            dropped_attributes: record.dropped_attributes_count,
            trace_id: id(&record.trace_id),
            span_id: id(&record.span_id),
            flags: record.flags,
            resource: resource.clone(),
            scope: scope.clone(),
        }
    }
}
