//! The span and the metrics of an attempt, where something exports them.

use std::time::Duration;

use apalis_core::task::ExecutionContext;
use opentelemetry::trace::{Link, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use telemetry_core::{Failure, Scope, instrument};

use crate::attributes;
use crate::instruments::{INSTRUMENTS, JobInstruments};
use crate::metadata;

/// The operation, and the type of operation, by the semantic conventions.
const PROCESS: &str = "process";

/// An attempt that is being recorded: its consumer span, and its place in the metrics.
#[derive(Debug)]
pub(crate) struct Recording {
    instruments: &'static JobInstruments,
    /// Has the consumer span.
    pub(crate) context: Context,
    /// Those of the metrics.
    attributes: Vec<KeyValue>,
}

impl Recording {
    /// Starts the consumer span and counts the job; `None` when nothing exports.
    pub(crate) fn start(
        task: &ExecutionContext,
        attempt: usize,
        origin: Option<&Context>,
        destination: impl FnOnce() -> String,
    ) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let destination = destination();
        let name = [PROCESS, " ", &destination].concat();
        let mut builder = SpanBuilder::from_name(name).with_kind(SpanKind::Consumer);
        let parent = match origin {
            // Much later, the producer's trace has long ended.
            Some(origin) if metadata::is_deferred(task.metadata()) => {
                let producer = origin.span().span_context().clone();
                builder = builder.with_links(vec![Link::new(producer, Vec::new(), 0)]);
                Context::new()
            }
            Some(origin) => origin.clone(),
            None => Context::new(),
        };
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        let attributes = attributes::of_operation(PROCESS, &destination);
        // Only now: most jobs are not sampled, and need none of it.
        if context.span().is_recording() {
            let id = task.task_id().map(ToString::to_string);
            attributes::set_on(&context.span(), &attributes, destination, PROCESS, id);
        }
        instruments.consumed.add(1, &attributes);
        // Of what is tried again it would tell the time of the attempts before.
        if attempt == 1
            && let Some(latency) = metadata::latency(task.metadata())
        {
            instruments
                .latency
                .record(latency.as_secs_f64(), &attributes);
        }
        Some(Self {
            instruments,
            context,
            attributes,
        })
    }

    /// Ends the span, with the context that the job has by then, and records the duration,
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
        instrument::end_span(&context, [], failure, scope, &attributes::OF_JOB, None);
    }
}
