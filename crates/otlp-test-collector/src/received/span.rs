//! Spans.

use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::trace::v1 as proto;

use super::{Resource, Scope, id, time};
use crate::value::Attributes;

/// A span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Span {
    /// Its name.
    pub name: String,
    /// The id of its trace, 32 hexadecimal digits; empty if it has none.
    pub trace_id: String,
    /// Its own id, 16 hexadecimal digits; empty if it has none.
    pub span_id: String,
    /// The id of its parent, if it has one.
    pub parent_id: Option<String>,
    /// The W3C `tracestate`.
    pub trace_state: String,
    /// The W3C trace flags in the lowest eight bits, then OTLP's own.
    pub flags: u32,
    /// Its kind.
    pub kind: SpanKind,
    /// When it began.
    pub start: Option<SystemTime>,
    /// When it ended.
    pub end: Option<SystemTime>,
    /// Its attributes.
    pub attributes: Attributes,
    /// How many attributes the sender dropped.
    pub dropped_attributes: u32,
    /// Its events, in the order in which they were sent.
    pub events: Vec<SpanEvent>,
    /// How many events the sender dropped.
    pub dropped_events: u32,
    /// Its links, in the order in which they were sent.
    pub links: Vec<Link>,
    /// How many links the sender dropped.
    pub dropped_links: u32,
    /// Its status.
    pub status: SpanStatus,
    /// The resource that made it.
    pub resource: Resource,
    /// The instrumentation scope that made it.
    pub scope: Scope,
}

impl Span {
    /// From its start to its end; none if either is unknown or they are reversed.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        self.end?.duration_since(self.start?).ok()
    }

    /// The first event of this name.
    #[must_use]
    pub fn event(&self, name: &str) -> Option<&SpanEvent> {
        self.events.iter().find(|event| event.name == name)
    }

    pub(crate) fn all(sent: Vec<proto::ResourceSpans>) -> Vec<Self> {
        let mut spans = Vec::new();
        for group in sent {
            let resource = Resource::new(group.resource, group.schema_url);
            for group in group.scope_spans {
                let scope = Scope::new(group.scope, group.schema_url);
                let converted = group.spans.into_iter();
                spans.extend(converted.map(|span| Self::new(span, &resource, &scope)));
            }
        }
        spans
    }

    fn new(span: proto::Span, resource: &Resource, scope: &Scope) -> Self {
        Self {
            kind: SpanKind::new(span.kind()),
            name: span.name,
            trace_id: id(&span.trace_id).unwrap_or_default(),
            span_id: id(&span.span_id).unwrap_or_default(),
            parent_id: id(&span.parent_span_id),
            trace_state: span.trace_state,
            flags: span.flags,
            start: time(span.start_time_unix_nano),
            end: time(span.end_time_unix_nano),
            attributes: Attributes::new(span.attributes),
            dropped_attributes: span.dropped_attributes_count,
            events: span.events.into_iter().map(SpanEvent::new).collect(),
            dropped_events: span.dropped_events_count,
            links: span.links.into_iter().map(Link::new).collect(),
            dropped_links: span.dropped_links_count,
            status: SpanStatus::new(span.status),
            resource: resource.clone(),
            scope: scope.clone(),
        }
    }
}

/// The kind of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// Not given, which no SDK should send.
    Unspecified,
    /// Within the application.
    Internal,
    /// A request served.
    Server,
    /// A request made.
    Client,
    /// A message or job handed on.
    Producer,
    /// A message or job taken.
    Consumer,
}

impl SpanKind {
    fn new(kind: proto::span::SpanKind) -> Self {
        match kind {
            proto::span::SpanKind::Unspecified => Self::Unspecified,
            proto::span::SpanKind::Internal => Self::Internal,
            proto::span::SpanKind::Server => Self::Server,
            proto::span::SpanKind::Client => Self::Client,
            proto::span::SpanKind::Producer => Self::Producer,
            proto::span::SpanKind::Consumer => Self::Consumer,
        }
    }
}

/// The status of a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpanStatus {
    /// Not set.
    Unset,
    /// Declared a success.
    Ok,
    /// An error, with its description.
    Error(String),
}

impl SpanStatus {
    fn new(status: Option<proto::Status>) -> Self {
        let status = status.unwrap_or_default();
        match status.code() {
            proto::status::StatusCode::Unset => Self::Unset,
            proto::status::StatusCode::Ok => Self::Ok,
            proto::status::StatusCode::Error => Self::Error(status.message),
        }
    }
}

/// An event of a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SpanEvent {
    /// Its name.
    pub name: String,
    /// When it happened.
    pub time: Option<SystemTime>,
    /// Its attributes.
    pub attributes: Attributes,
}

impl SpanEvent {
    fn new(event: proto::span::Event) -> Self {
        Self {
            name: event.name,
            time: time(event.time_unix_nano),
            attributes: Attributes::new(event.attributes),
        }
    }
}

/// A link from a span to another.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Link {
    /// The id of the other span's trace; empty if it has none.
    pub trace_id: String,
    /// The id of the other span; empty if it has none.
    pub span_id: String,
    /// The W3C `tracestate` of the other span.
    pub trace_state: String,
    /// Its attributes.
    pub attributes: Attributes,
}

impl Link {
    fn new(link: proto::span::Link) -> Self {
        Self {
            trace_id: id(&link.trace_id).unwrap_or_default(),
            span_id: id(&link.span_id).unwrap_or_default(),
            trace_state: link.trace_state,
            attributes: Attributes::new(link.attributes),
        }
    }
}
