//! The span and the metrics of a request, where something exports them.

mod attributes;
mod instruments;

use http::{Request, Version};
use opentelemetry::trace::{
    Link, SpanBuilder, SpanKind, SpanRef, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE, HTTP_ROUTE, NETWORK_PROTOCOL_VERSION, URL_SCHEME,
};
use telemetry_core::{ClientIp, Scope};

use crate::hooks::{Outcome, RequestEnd};
use crate::server::instruments::{INSTRUMENTS, ServerInstruments};

/// A request that is being recorded: its server span, and its place in the metrics.
#[derive(Debug)]
pub(crate) struct Recording {
    instruments: &'static ServerInstruments,
    /// Has the server span.
    pub(crate) context: Context,
    method: &'static str,
    scheme: &'static str,
    version: Version,
}

/// The `error.type` of a request whose handling panicked, and the `exception.type`.
const PANIC: &str = "panic";
/// The name of the span event, by the semantic conventions.
const EXCEPTION: &str = "exception";

/// What is recorded when a request ends, beside how it ended.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) route: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) exception: Option<&'a str>,
    pub(crate) has_panicked: bool,
}

/// Where a request comes from, and what may be recorded of it.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    /// The trace that it says it is part of.
    pub(crate) parent: Option<Context>,
    /// Anybody may call: the trace of a stranger is linked to, and not continued.
    pub(crate) is_public: bool,
    pub(crate) route: Option<&'a str>,
    pub(crate) client: Option<ClientIp>,
    pub(crate) with_query: bool,
}

impl Recording {
    /// Says whether something exports.
    pub(crate) fn is_on() -> bool {
        INSTRUMENTS.get().is_some()
    }

    /// Starts the server span and counts the request; `None` when nothing exports.
    pub(crate) fn start<'a, B>(
        request: &Request<B>,
        origin: impl FnOnce() -> Origin<'a>,
    ) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let origin = origin();
        let method = attributes::method_name(request.method());
        let name = attributes::span_name(method, origin.route);
        let mut builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let parent = match origin.parent {
            Some(parent) if origin.is_public => {
                let stranger = parent.span().span_context().clone();
                builder = builder.with_links(vec![Link::new(stranger, Vec::new(), 0)]);
                Context::new()
            }
            parent => parent.unwrap_or_default(),
        };
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        let span = context.span();
        // Only now: most requests are not sampled, and need none of it.
        if span.is_recording() {
            let Origin {
                route,
                client,
                with_query,
                ..
            } = origin;
            span.set_attributes(attributes::of_request(request, route, client, with_query));
        }
        let recording = Self {
            instruments,
            context,
            method,
            scheme: attributes::scheme(request),
            version: request.version(),
        };
        instruments.active.add(1, &recording.of_active());
        Some(recording)
    }

    /// Ends the span, with the context that the request has by then, and records the
    /// metrics, without any of it.
    pub(crate) fn end(&self, end: &RequestEnd, ending: &Ending<'_>, scope: &Scope) {
        let error_type = error_type(end, ending);
        self.instruments.active.add(-1, &self.of_active());
        let seconds = end.duration.as_secs_f64();
        let attributes = self.of_duration(end, ending, error_type.clone());
        self.instruments.duration.record(seconds, &attributes);
        let span = self.context.span();
        if span.is_recording() {
            let fields = scope.fields().into_iter();
            span.set_attributes(fields.map(|(key, value)| attributes::of_field(key, value)));
            if let Some(status) = end.status {
                let status = i64::from(status.as_u16());
                span.set_attribute(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, status));
            }
            if let Some(error_type) = error_type {
                span.set_attribute(KeyValue::new(ERROR_TYPE, error_type));
            }
            if end.outcome == Outcome::Failed {
                span.set_status(Status::error(ending.error.unwrap_or_default().to_owned()));
                record_exception(&span, ending);
            }
        }
        span.end();
    }

    fn of_active(&self) -> [KeyValue; 2] {
        [
            KeyValue::new(HTTP_REQUEST_METHOD, self.method),
            KeyValue::new(URL_SCHEME, self.scheme),
        ]
    }

    fn of_duration(
        &self,
        end: &RequestEnd,
        ending: &Ending<'_>,
        error_type: Option<String>,
    ) -> Vec<KeyValue> {
        let mut attributes = Vec::with_capacity(6);
        attributes.extend(self.of_active());
        if let Some(route) = ending.route {
            attributes.push(KeyValue::new(HTTP_ROUTE, route.to_owned()));
        }
        if let Some(status) = end.status {
            let status = i64::from(status.as_u16());
            attributes.push(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, status));
        }
        if let Some(version) = attributes::protocol_version(self.version) {
            attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
        }
        if let Some(error_type) = error_type {
            attributes.push(KeyValue::new(ERROR_TYPE, error_type));
        }
        attributes
    }
}

/// The class of what went wrong, of few values: a panic, the client\'s going away, the
/// status, or an error before there was one.
fn error_type(end: &RequestEnd, ending: &Ending<'_>) -> Option<String> {
    match (end.outcome, end.status) {
        (Outcome::Completed, _) => None,
        (Outcome::Cancelled, _) => Some("cancelled".to_owned()),
        (Outcome::Failed, _) if ending.has_panicked => Some(PANIC.to_owned()),
        (Outcome::Failed, Some(status)) if status.is_server_error() => {
            Some(status.as_str().to_owned())
        }
        (Outcome::Failed, _) => Some("service_error".to_owned()),
    }
}

/// Adds what a panic or an error says of itself, beside the status.
fn record_exception(span: &SpanRef<'_>, ending: &Ending<'_>) {
    let Some(error) = ending.error else { return };
    let mut attributes = vec![KeyValue::new(EXCEPTION_MESSAGE, error.to_owned())];
    if ending.has_panicked {
        attributes.push(KeyValue::new(EXCEPTION_TYPE, PANIC));
    }
    if let Some(exception) = ending.exception {
        attributes.push(KeyValue::new(EXCEPTION_STACKTRACE, exception.to_owned()));
    }
    span.add_event(EXCEPTION, attributes);
}
