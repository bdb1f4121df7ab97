//! The span and the metrics of an attempt, where something exports them.

use std::time::Duration;

use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use telemetry_core::{Failure, Scope, instrument};

use crate::attributes;
use crate::delivered::Delivered;
use crate::destination;
use crate::instruments::{INSTRUMENTS, MessageInstruments};

/// The operation, and the type of operation, by the semantic conventions.
const PROCESS: &str = "process";

/// An attempt that is being recorded: its consumer span, and its place in the metrics.
#[derive(Debug)]
pub(crate) struct Recording {
    instruments: &'static MessageInstruments,
    /// Has the consumer span.
    pub(crate) context: Context,
    /// Those of the metrics.
    attributes: Vec<KeyValue>,
}

impl Recording {
    /// Starts the consumer span, beneath that of the sender, and counts the message; `None` when
    /// nothing exports.
    pub(crate) fn start(
        message: &Delivered,
        origin: Option<&Context>,
        server: &[KeyValue],
    ) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let queue = message.queue();
        let name = [PROCESS, " ", destination::template(queue).unwrap_or(queue)].concat();
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Consumer);
        let parent = origin.cloned().unwrap_or_default();
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        let attributes = attributes::of_operation(PROCESS, queue, server);
        // Only now: most messages are not sampled, and need none of it.
        if context.span().is_recording() {
            let span = context.span();
            attributes::set_on(&span, PROCESS, &attributes, &message.envelope());
        }
        instruments.consumed.add(1, &attributes);
        Some(Self {
            instruments,
            context,
            attributes,
        })
    }

    /// Ends the span, with the context that the message has by then, and records the duration,
    /// without any of it.
    pub(crate) fn end(self, failure: Option<&Failure>, duration: Duration, scope: &Scope) {
        let Self {
            instruments,
            context,
            mut attributes,
        } = self;
        if let Some(failure) = failure {
            attributes.push(failure.attribute());
        }
        instruments
            .process_duration
            .record(duration.as_secs_f64(), &attributes);
        instrument::end_span(&context, [], failure, scope, &attributes::OF_MESSAGE, None);
    }
}
