//! What arrived, as typed records.

mod log;
mod metric;
mod point;
mod span;

pub use log::LogRecord;
pub use metric::{Metric, MetricKind, Temporality};
pub use point::{Buckets, Exemplar, Number, Point, PointValue};
pub use span::{Link, Span, SpanEvent, SpanKind, SpanStatus};

use std::ops::Index;
use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource as ProtoResource;

use crate::value::{Attributes, Value};

/// The resource that a record came from.
///
/// Indexing it gives an attribute: `span.resource["service.name"]`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Resource {
    /// What describes it.
    pub attributes: Attributes,
    /// The schema of its attributes; empty if none was named.
    pub schema_url: String,
}

impl Resource {
    pub(crate) fn new(resource: Option<ProtoResource>, schema_url: String) -> Self {
        Self {
            attributes: Attributes::new(resource.unwrap_or_default().attributes),
            schema_url,
        }
    }
}

impl Index<&str> for Resource {
    type Output = Value;

    /// # Panics
    ///
    /// When there is no such attribute.
    #[track_caller]
    fn index(&self, name: &str) -> &Value {
        &self.attributes[name]
    }
}

/// The instrumentation scope that a record came from.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Scope {
    /// Its name.
    pub name: String,
    /// Its version; empty if none was given.
    pub version: String,
    /// Its attributes.
    pub attributes: Attributes,
    /// The schema of what it recorded; empty if none was named.
    pub schema_url: String,
}

impl Scope {
    pub(crate) fn new(scope: Option<InstrumentationScope>, schema_url: String) -> Self {
        let scope = scope.unwrap_or_default();
        Self {
            name: scope.name,
            version: scope.version,
            attributes: Attributes::new(scope.attributes),
            schema_url,
        }
    }
}

/// All records of one signal in a request.
#[derive(Debug)]
pub(crate) enum Batch {
    Spans(Vec<Span>),
    Metrics(Vec<Metric>),
    Logs(Vec<LogRecord>),
}

/// An id in hexadecimal; none if it is empty or zero.
fn id(bytes: &[u8]) -> Option<String> {
    let set = bytes.iter().any(|byte| *byte != 0);
    set.then(|| bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A time given in nanoseconds since 1970; none if it is zero, which means unknown.
fn time(nanoseconds: u64) -> Option<SystemTime> {
    (nanoseconds != 0).then(|| SystemTime::UNIX_EPOCH + Duration::from_nanos(nanoseconds))
}
