//! The span and the metric of a push, where something exports them.

use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use telemetry_core::{Failure, propagation};

use crate::attributes;
use crate::instruments::{INSTRUMENTS, JobInstruments};

/// The operation, and the type of operation, by the semantic conventions.
const SEND: &str = "send";

/// A push that is being recorded. Ends without a failure when its caller drops it before
/// it has ended otherwise.
#[derive(Debug)]
pub(crate) struct Sending {
    instruments: &'static JobInstruments,
    /// Has the producer span.
    pub(crate) context: Context,
    /// Those of the metric. Taken when the push ends.
    attributes: Option<Vec<KeyValue>>,
}

impl Sending {
    /// Starts the producer span; `None` when nothing exports.
    pub(crate) fn start(destination: &str, id: Option<&str>) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let name = [SEND, " ", destination].concat();
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Producer);
        let parent = propagation::current().unwrap_or_default();
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        let attributes = attributes::of_operation(SEND, destination);
        if context.span().is_recording() {
            let (queue, id) = (destination.to_owned(), id.map(ToOwned::to_owned));
            attributes::set_on(&context.span(), &attributes, queue, SEND, id);
        }
        Some(Self {
            instruments,
            context,
            attributes: Some(attributes),
        })
    }

    /// Ends the span and counts the job.
    pub(crate) fn end(mut self, failure: Option<&Failure>) {
        self.finish(failure);
    }

    fn finish(&mut self, failure: Option<&Failure>) {
        let Some(mut attributes) = self.attributes.take() else {
            return;
        };
        let span = self.context.span();
        if let Some(failure) = failure {
            attributes.push(failure.attribute());
            failure.mark(&span);
        }
        self.instruments.sent.add(1, &attributes);
        span.end();
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.attributes.is_some() {
            self.finish(Failure::dropped().as_ref());
        }
    }
}
