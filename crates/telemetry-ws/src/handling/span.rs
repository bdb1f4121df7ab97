//! The span of a message.

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_ROUTE, NETWORK_PROTOCOL_NAME,
};
use telemetry_core::{Failure, Scope, instrument};

use crate::names;
use crate::transport::View;

/// What a span's name begins with, as of messages elsewhere.
const PROCESS: &str = "process";
/// The protocol of RFC 6455.
const WEBSOCKET: &str = "websocket";

/// What is said here of a message wins over fields of the context.
const OF_MESSAGE: [&str; 5] = [
    ERROR_TYPE,
    HTTP_ROUTE,
    NETWORK_PROTOCOL_NAME,
    names::MESSAGE_TYPE,
    names::MESSAGE_SIZE,
];

/// A span of a message that is being handled.
#[derive(Debug)]
pub(super) struct MessageSpan {
    context: Context,
}

impl MessageSpan {
    /// Starts it, linked to the span of the upgrade, where there is one.
    pub(super) fn start(
        tracer: &BoxedTracer,
        route: Option<&str>,
        upgrade: &SpanContext,
        message: &View<'_>,
    ) -> Self {
        let name = match route {
            Some(route) => [PROCESS, " ", route].concat(),
            None => [PROCESS, " ", WEBSOCKET].concat(),
        };
        let mut builder = SpanBuilder::from_name(name).with_kind(SpanKind::Consumer);
        if upgrade.is_valid() {
            builder = builder.with_links(vec![Link::new(upgrade.clone(), Vec::new(), 0)]);
        }
        let root = Context::new();
        let span = tracer.build_with_context(builder, &root);
        let context = root.with_span(span);
        if context.span().is_recording() {
            context.span().set_attributes(of_message(route, message));
        }
        Self { context }
    }

    /// Calls `work` with the span current.
    pub(super) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        instrument::within(&self.context, work)
    }

    /// Ends it, with the context that the message has by then.
    pub(super) fn end(&self, failure: Option<&Failure>, scope: &Scope) {
        instrument::end_span(&self.context, [], failure, scope, &OF_MESSAGE, None);
    }
}

fn of_message(route: Option<&str>, message: &View<'_>) -> Vec<KeyValue> {
    let mut attributes = Vec::with_capacity(4);
    attributes.push(KeyValue::new(NETWORK_PROTOCOL_NAME, WEBSOCKET));
    if let Some(route) = route {
        attributes.push(KeyValue::new(HTTP_ROUTE, route.to_owned()));
    }
    let (kind, bytes) = match message {
        View::Text(text) => ("text", text.len()),
        View::Binary(bytes) => ("binary", *bytes),
        View::Pong(_) | View::Close(_) | View::Other => return attributes,
    };
    attributes.push(KeyValue::new(names::MESSAGE_TYPE, kind));
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    attributes.push(KeyValue::new(names::MESSAGE_SIZE, bytes));
    attributes
}
