//! The span and the metrics of a message that is published, where something exports them.

use std::time::Instant;

use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::MESSAGING_OPERATION_TYPE;
use telemetry_core::{Failure, propagation};

use crate::attributes::{self, Envelope};
use crate::destination;
use crate::headers::{Carrier, Headers};
use crate::instruments::{INSTRUMENTS, MessageInstruments};

/// The operation, as RabbitMQ calls it.
const PUBLISH: &str = "publish";
/// The type of operation, by the semantic conventions.
const SEND: &str = "send";

/// A message that is being published. Ends without a failure when its caller drops it before
/// it has ended otherwise.
#[derive(Debug)]
pub(crate) struct Sending {
    /// Absent when nothing exports, and once it has ended.
    recording: Option<Recording>,
}

#[derive(Debug)]
struct Recording {
    instruments: &'static MessageInstruments,
    /// Has the producer span.
    context: Context,
    started: Instant,
    /// Those of the metrics.
    attributes: Vec<KeyValue>,
}

impl Sending {
    /// Starts the producer span, if something exports it.
    pub(crate) fn start(message: &Envelope<'_>, server: &[KeyValue]) -> Self {
        let recording = INSTRUMENTS.get().map(|instruments| {
            let few = destination::few(message.exchange, message.routing_key);
            let name = [PUBLISH, " ", destination::template(few).unwrap_or(few)].concat();
            let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Producer);
            let parent = propagation::current().unwrap_or_default();
            let span = instruments.tracer.build_with_context(builder, &parent);
            let context = parent.with_span(span);
            let attributes = attributes::of_operation(PUBLISH, few, server);
            // Only now: most messages are not sampled, and need none of it.
            if context.span().is_recording() {
                attributes::set_on(&context.span(), SEND, &attributes, message);
            }
            Recording {
                instruments,
                context,
                started: Instant::now(),
                attributes,
            }
        });
        Self { recording }
    }

    /// Writes the context into the headers of the message.
    pub(crate) fn inject(&self, headers: &mut Headers) {
        let mut carrier = Carrier(headers);
        match &self.recording {
            Some(recording) => propagation::inject_trusted(&recording.context, &mut carrier),
            None => propagation::inject_trusted(&Context::current(), &mut carrier),
        }
    }

    /// Ends the span and counts the message.
    pub(crate) fn end(mut self, failure: Option<&Failure>) {
        self.finish(failure);
    }

    fn finish(&mut self, failure: Option<&Failure>) {
        let Some(recording) = self.recording.take() else {
            return;
        };
        let Recording {
            instruments,
            context,
            started,
            mut attributes,
        } = recording;
        let span = context.span();
        if let Some(failure) = failure {
            attributes.push(failure.attribute());
            failure.mark(&span);
        }
        let seconds = started.elapsed().as_secs_f64();
        instruments.sent.add(1, &attributes);
        attributes.push(KeyValue::new(MESSAGING_OPERATION_TYPE, SEND));
        instruments.operation_duration.record(seconds, &attributes);
        span.end();
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.recording.is_some() {
            self.finish(Failure::dropped().as_ref());
        }
    }
}
