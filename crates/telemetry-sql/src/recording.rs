//! The span and the metric of a statement, where something exports them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};
use std::time::Instant;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    DB_RESPONSE_RETURNED_ROWS, DB_RESPONSE_STATUS_CODE,
};
use sqlx::{Error, Result};
use telemetry_core::{Failure, instrument, propagation};

use crate::failure;
use crate::instruments::SqlInstruments;
use crate::names::SQL_AFFECTED_ROWS;
use crate::pool_metrics::Waits;
use crate::settings::Settings;
use crate::sql::Effect;
use crate::statements::Statement;
use crate::timing::Timer;

/// A statement that is being recorded. Ends when it is dropped, if it has not ended before.
#[derive(Debug)]
pub(crate) struct Recording {
    settings: Arc<Settings>,
    instruments: &'static SqlInstruments,
    statement: Arc<Statement>,
    /// Has the client span.
    context: Context,
    started: Instant,
    /// Absent where no line says what is slow.
    timer: Option<Timer>,
    waits: Option<Arc<Waits>>,
    rows: Rows,
    has_ended: bool,
}

/// How many rows there were, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) returned: u64,
    pub(crate) affected: Option<u64>,
}

impl Recording {
    /// Starts the client span.
    pub(crate) fn start(
        instruments: &'static SqlInstruments,
        settings: Arc<Settings>,
        waits: Option<&Arc<Waits>>,
        timer: Option<Timer>,
        statement: Arc<Statement>,
    ) -> Self {
        let parent = propagation::current().unwrap_or_default();
        let name = statement.name.as_str().to_owned();
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Client);
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        // Only now: most statements are not sampled, and need none of it.
        let span = context.span();
        if span.is_recording() {
            span.set_attributes(statement.attributes.iter().cloned());
            let text = statement.text.as_ref().filter(|_| settings.has_text);
            span.set_attributes(text.cloned());
        }
        Self {
            settings,
            instruments,
            statement,
            context,
            started: Instant::now(),
            timer,
            waits: waits.cloned(),
            rows: Rows::default(),
            has_ended: false,
        }
    }

    pub(crate) fn instruments(&self) -> &'static SqlInstruments {
        self.instruments
    }

    /// Calls `work` with the span current.
    fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        instrument::within(&self.context, work)
    }

    /// Ends the span and records the duration.
    fn end(&mut self, error: Option<&Error>) {
        if let (Some(Error::PoolTimedOut), Some(waits)) = (error, &self.waits) {
            waits.count_timeout(self.instruments);
        }
        self.finish(error.map(failure::from_error).as_ref());
    }

    fn finish(&mut self, failure: Option<&Failure>) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        let end = Instant::now();
        if let Some(timer) = &self.timer {
            self.within(|| timer.stop(end, &self.settings, || Arc::clone(&self.statement)));
        }
        let seconds = end.saturating_duration_since(self.started).as_secs_f64();
        let code = failure.and_then(Failure::code);
        let code = code.map(|code| KeyValue::new(DB_RESPONSE_STATUS_CODE, code.to_owned()));
        let error_type = failure.map(Failure::attribute);
        let more: Vec<_> = code.iter().cloned().chain(error_type).collect();
        self.statement
            .record_duration(self.instruments, seconds, &more);
        let span = self.context.span();
        if span.is_recording() {
            span.set_attributes(self.rows.of(self.statement.effect));
            span.set_attributes(code);
            if let Some(failure) = failure {
                failure.mark(&span);
            }
        }
        span.end();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Nothing is made for a statement that has ended.
        if !self.has_ended {
            self.finish(Failure::dropped().as_ref());
        }
    }
}

impl Rows {
    /// What a span says of the rows. SQLite tells a number of affected rows with each
    /// statement, which is that of an earlier one when this one affects none.
    fn of(self, effect: Effect) -> impl Iterator<Item = KeyValue> {
        let number = |key, rows| KeyValue::new(key, i64::try_from(rows).unwrap_or(i64::MAX));
        let is_returned = effect == Effect::Reads || self.returned > 0;
        let returned = is_returned.then(|| number(DB_RESPONSE_RETURNED_ROWS, self.returned));
        let affected = self.affected.filter(|_| effect == Effect::Writes);
        let affected = affected.map(|rows| number(SQL_AFFECTED_ROWS, rows));
        returned.into_iter().chain(affected)
    }
}

/// A future or a stream that is recorded to its end.
pub(crate) struct Recorded<I, T> {
    // Before the recording: what is dropped with it happened within.
    inner: I,
    recording: Recording,
    count: fn(&T, &mut Rows),
}

impl<I, T> Recorded<I, T> {
    pub(crate) fn new(inner: I, recording: Recording, count: fn(&T, &mut Rows)) -> Self {
        Self {
            inner,
            recording,
            count,
        }
    }
}

impl<T> Future for Recorded<BoxFuture<'_, Result<T>>, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        let this = &mut *self;
        let inner = this.inner.as_mut();
        let result = task::ready!(this.recording.within(|| inner.poll(cx)));
        if let Ok(value) = &result {
            (this.count)(value, &mut this.recording.rows);
        }
        this.recording.end(result.as_ref().err());
        Poll::Ready(result)
    }
}

impl<T> Stream for Recorded<BoxStream<'_, Result<T>>, T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<T>>> {
        let this = &mut *self;
        let inner = this.inner.as_mut();
        let polled = this.recording.within(|| inner.poll_next(cx));
        if let Some(timer) = &mut this.recording.timer {
            timer.was_polled(&polled);
        }
        match &polled {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(item))) => (this.count)(item, &mut this.recording.rows),
            Poll::Ready(Some(Err(error))) => this.recording.end(Some(error)),
            Poll::Ready(None) => this.recording.end(None),
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
