//! How long statements take, and which took too long.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use futures_core::stream::BoxStream;
use sqlx::{Result, SqlStr};
use telemetry_core::instrument;
use tracing::Level;

use crate::lines::{self, LOGGER};
use crate::settings::Settings;
use crate::statements::Statement;

/// When a statement got the connection of a pool that it waited for.
pub(crate) type Connected = Arc<OnceLock<Instant>>;

/// Measures one statement against the duration from which on it is slow.
#[derive(Debug)]
pub(crate) struct Timer {
    slow_from: Duration,
    started: Instant,
    /// Of a statement that waits for a connection, which is no fault of its own.
    connected: Option<Connected>,
    /// When a stream gave its first row.
    answered: Option<Instant>,
    /// Whether the caller has a row of a stream, and has not asked for the next.
    is_idle: bool,
}

impl Timer {
    /// Starts to measure; `None` where no statement is slow, or no line says so.
    #[inline]
    pub(crate) fn start(settings: &Settings, is_on_pool: bool) -> Option<Self> {
        let slow_from = settings
            .slow_statement
            .unwrap_or_else(instrument::slow_statement);
        if slow_from.is_zero() || !tracing::enabled!(target: LOGGER, Level::WARN) {
            return None;
        }
        Some(Self {
            slow_from,
            started: Instant::now(),
            connected: is_on_pool.then(Connected::default),
            answered: None,
            is_idle: false,
        })
    }

    /// What is to be set once there is a connection.
    pub(crate) fn connected(&self) -> Option<Connected> {
        self.connected.clone()
    }

    /// Takes note of what a stream gave.
    pub(crate) fn was_polled<T>(&mut self, polled: &Poll<Option<Result<T>>>) {
        self.is_idle = matches!(polled, Poll::Ready(Some(Ok(_))));
        if self.is_idle && self.answered.is_none() {
            self.answered = Some(Instant::now());
        }
    }

    /// How long the statement took until `end`, if that is too long.
    fn exceeded_at(&self, end: Instant) -> Option<Duration> {
        let started = match &self.connected {
            // Without a connection there was no statement.
            Some(connected) => *connected.get()?,
            None => self.started,
        };
        // Of a stream that its caller kept for long and then dropped, the first row counts.
        let answered = self.answered.filter(|_| self.is_idle);
        let end = answered.unwrap_or(end);
        let taken = end.saturating_duration_since(started);
        (taken >= self.slow_from).then_some(taken)
    }

    /// Writes the line of a statement that took too long until `end`.
    pub(crate) fn stop(
        &self,
        end: Instant,
        settings: &Settings,
        statement: impl FnOnce() -> Arc<Statement>,
    ) {
        if let Some(taken) = self.exceeded_at(end) {
            lines::write_slow(settings, &statement(), taken);
        }
    }
}

/// What is looked at only when a statement was slow, where nothing exports it.
pub(crate) struct Timing {
    timer: Timer,
    settings: Arc<Settings>,
    sql: SqlStr,
    /// Of what only looks at a statement.
    operation: Option<&'static str>,
    has_ended: bool,
}

impl Timing {
    pub(crate) fn new(
        timer: Timer,
        settings: Arc<Settings>,
        sql: SqlStr,
        operation: Option<&'static str>,
    ) -> Self {
        Self {
            timer,
            settings,
            sql,
            operation,
            has_ended: false,
        }
    }

    fn end(&mut self) {
        if std::mem::replace(&mut self.has_ended, true) {
            return;
        }
        self.timer.stop(Instant::now(), &self.settings, || {
            let statements = &self.settings.statements;
            statements.get_as(self.operation, self.sql.as_str())
        });
    }
}

impl Drop for Timing {
    fn drop(&mut self) {
        self.end();
    }
}

/// A future or a stream that is timed to its end.
pub(crate) struct Timed<I> {
    inner: I,
    timing: Timing,
}

impl<I> Timed<I> {
    pub(crate) fn new(inner: I, timing: Timing) -> Self {
        Self { inner, timing }
    }
}

impl<T> Future for Timed<BoxFuture<'_, Result<T>>> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Result<T>> {
        let result = task::ready!(self.inner.as_mut().poll(cx));
        self.timing.end();
        Poll::Ready(result)
    }
}

impl<T> Stream for Timed<BoxStream<'_, Result<T>>> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut task::Context<'_>) -> Poll<Option<Result<T>>> {
        let polled = self.inner.as_mut().poll_next(cx);
        let timing = &mut self.timing;
        timing.timer.was_polled(&polled);
        if matches!(polled, Poll::Ready(Some(Err(_)) | None)) {
            timing.end();
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}
