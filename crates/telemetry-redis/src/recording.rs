//! The span and the metric of a command, where something exports them.

use std::pin::Pin;
use std::task::{self, Poll, ready};
use std::time::Instant;

use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    DB_OPERATION_BATCH_SIZE, DB_OPERATION_NAME, DB_QUERY_TEXT, DB_RESPONSE_STATUS_CODE,
};
use redis::{RedisFuture, RedisResult};
use telemetry_core::{Failure, instrument, propagation};

use crate::builder::Settings;
use crate::command::Operation;
use crate::instruments::{INSTRUMENTS, OPERATIONS, RedisInstruments};

/// A command or pipeline that is being recorded. Ends without a failure when its caller drops it before
/// it has ended otherwise.
#[derive(Debug)]
pub(crate) struct Recording {
    instruments: &'static RedisInstruments,
    /// Has the client span.
    context: Context,
    started: Instant,
    /// Those of the metric. Taken when it ends.
    attributes: Option<Vec<KeyValue>>,
}

impl Recording {
    /// Starts the client span; `None` when nothing exports.
    pub(crate) fn start(
        settings: &Settings,
        operation: impl FnOnce() -> Operation,
        text: impl FnOnce() -> Option<String>,
    ) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let Operation { name, size } = operation();
        let parent = propagation::current().unwrap_or_default();
        let builder = SpanBuilder::from_name(name.clone()).with_kind(SpanKind::Client);
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        // Room for how it may fail.
        let mut attributes = Vec::with_capacity(settings.attributes.len() + 3);
        attributes.extend_from_slice(&settings.attributes);
        attributes.push(KeyValue::new(DB_OPERATION_NAME, OPERATIONS.get(&name)));
        // Only now: most commands are not sampled, and need none of it.
        let span = context.span();
        if span.is_recording() {
            span.set_attributes(settings.attributes.iter().cloned());
            span.set_attribute(KeyValue::new(DB_OPERATION_NAME, name));
            if size > 1 {
                let size = i64::try_from(size).unwrap_or(i64::MAX);
                span.set_attribute(KeyValue::new(DB_OPERATION_BATCH_SIZE, size));
            }
            span.set_attributes(text().map(|text| KeyValue::new(DB_QUERY_TEXT, text)));
        }
        Some(Self {
            instruments,
            context,
            started: Instant::now(),
            attributes: Some(attributes),
        })
    }

    /// Calls `work` with the span current.
    pub(crate) fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        instrument::within(&self.context, work)
    }

    /// Ends the span and records the duration, unless that was done.
    fn finish(&mut self, failure: Option<Failure>) {
        let Some(mut attributes) = self.attributes.take() else {
            return;
        };
        let seconds = self.started.elapsed().as_secs_f64();
        let span = self.context.span();
        if let Some(failure) = failure {
            if let Some(code) = failure.code() {
                let code = KeyValue::new(DB_RESPONSE_STATUS_CODE, code.to_owned());
                attributes.push(code.clone());
                span.set_attribute(code);
            }
            attributes.push(failure.attribute());
            failure.mark(&span);
        }
        self.instruments.duration.record(seconds, &attributes);
        span.end();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if self.attributes.is_some() {
            self.finish(Failure::dropped());
        }
    }
}

/// A command that is recorded to its answer.
pub(crate) struct Recorded<'a, T> {
    // Before the recording: what is dropped with it happened within.
    inner: RedisFuture<'a, T>,
    recording: Recording,
    failure: fn(&RedisResult<T>) -> Option<Failure>,
}

impl<'a, T> Recorded<'a, T> {
    pub(crate) fn new(
        inner: RedisFuture<'a, T>,
        recording: Recording,
        failure: fn(&RedisResult<T>) -> Option<Failure>,
    ) -> Self {
        Self {
            inner,
            recording,
            failure,
        }
    }
}

impl<T> Future for Recorded<'_, T> {
    type Output = RedisResult<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<RedisResult<T>> {
        let this = &mut *self;
        let inner = this.inner.as_mut();
        let result = ready!(this.recording.within(|| inner.poll(cx)));
        let failure = (this.failure)(&result);
        this.recording.finish(failure);
        Poll::Ready(result)
    }
}
