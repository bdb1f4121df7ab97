//! The span of a message.

use opentelemetry::global::BoxedTracer;
use opentelemetry::trace::{
    Link, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, ContextGuard, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, HTTP_ROUTE,
    NETWORK_PROTOCOL_NAME,
};
use telemetry_core::Scope;
use telemetry_core::panic::Panic;

use crate::names;
use crate::transport::View;

/// The `error.type` of work that was dropped before it was done.
pub(super) const CANCELLED: &str = "cancelled";
/// The `error.type` of work that panicked, and its `exception.type`.
pub(super) const PANIC: &str = "panic";
/// The name of the span event, by the semantic conventions.
const EXCEPTION: &str = "exception";
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

    /// Makes it current for what is done before the guard is dropped.
    pub(super) fn attach(&self) -> ContextGuard {
        self.context.clone().attach()
    }

    /// Records a panic of the work.
    pub(super) fn panicked(&self, panic: &Panic) {
        let span = self.context.span();
        if !span.is_recording() {
            return;
        }
        let mut attributes = vec![
            KeyValue::new(EXCEPTION_TYPE, PANIC),
            KeyValue::new(EXCEPTION_MESSAGE, format!("panic: {}", panic.message)),
        ];
        if let Some(backtrace) = &panic.backtrace {
            attributes.push(KeyValue::new(EXCEPTION_STACKTRACE, backtrace.clone()));
        }
        span.add_event(EXCEPTION, attributes);
    }

    /// Ends it, with the context that the message has by then.
    pub(super) fn end(&self, scope: &Scope, error: Option<&'static str>) {
        let span = self.context.span();
        if span.is_recording() {
            let mut attributes = Vec::with_capacity(8);
            scope.add_attributes(&mut attributes, &OF_MESSAGE);
            if let Some(error) = error {
                attributes.push(KeyValue::new(ERROR_TYPE, error));
                span.set_status(Status::error(""));
            }
            span.set_attributes(attributes);
        }
        span.end();
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
