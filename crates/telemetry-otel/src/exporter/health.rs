//! Whether export works: counted for every item, and logged once when it changes.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use telemetry_core::{milliseconds, names};

use crate::config::Signal;
use crate::exporter::destination::Destination;
use crate::exporter::error::LossCause;
use crate::exporter::request::Answer;

/// The `logger` of this crate's lines. Lines of this name are not exported.
pub(crate) const LOGGER: &str = "telemetry_otel";

/// Follows what becomes of every item: a span, a log record or a data point. A dead collector is one
/// line for each signal, not one for each batch.
#[derive(Debug, Default)]
pub(crate) struct Health {
    signals: [SignalHealth; 3],
    is_ending: AtomicBool,
}

/// What became of one signal since the process began.
#[derive(Debug, Default)]
struct SignalHealth {
    /// Items that were recorded.
    made: AtomicU64,
    /// Items that were given to the exporter.
    submitted: AtomicU64,
    /// Items that the collector took.
    sent: AtomicU64,
    /// Items that are lost, for any reason.
    lost: AtomicU64,
    /// Those that the exporter lost, by the cause.
    lost_by: [AtomicU64; LossCause::ALL.len()],
    /// Those that are lost because too many waited.
    dropped: AtomicU64,
    /// Exports that failed, after all tries.
    failures: AtomicU64,
    state: Mutex<State>,
    /// Absent for the console.
    destination: OnceLock<Destination>,
}

#[derive(Debug, Default)]
struct State {
    /// Present while exports fail.
    failing: Option<Failing>,
    /// How many items were lost when an export succeeded last.
    lost_before: u64,
    /// Why an item was lost last.
    last_error: Option<String>,
    /// Whether the last answer refused items or had a warning.
    is_rejecting: bool,
}

#[derive(Debug)]
struct Failing {
    since: Instant,
    /// How many exports have failed since then.
    exports: u64,
}

/// How many items of each signal are lost, in the order of [`Signal::ALL`], and why the last was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Loss {
    pub(crate) items: [u64; 3],
    pub(crate) error: Option<String>,
}

impl Health {
    fn of(&self, signal: Signal) -> &SignalHealth {
        &self.signals[signal as usize]
    }

    /// Counts an item that was recorded.
    pub(crate) fn made(&self, signal: Signal, count: u64) {
        self.of(signal).made.fetch_add(count, Ordering::Relaxed);
    }

    /// Takes back items that are not to be exported.
    pub(crate) fn unmade(&self, signal: Signal, count: u64) {
        self.of(signal).made.fetch_sub(count, Ordering::Relaxed);
    }

    /// Counts an item that is not exported because too many wait.
    pub(crate) fn drop_item(&self, signal: Signal) {
        let health = self.of(signal);
        health.dropped.fetch_add(1, Ordering::Relaxed);
        health.lost.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts items that are given to the exporter.
    pub(crate) fn submitted(&self, signal: Signal, count: u64) {
        self.of(signal)
            .submitted
            .fetch_add(count, Ordering::Relaxed);
    }

    /// Counts items that the exporter does not bring to the collector.
    pub(crate) fn lost(&self, signal: Signal, count: u64, cause: LossCause) {
        let health = self.of(signal);
        health.lost.fetch_add(count, Ordering::Relaxed);
        health.lost_by[cause as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// Counts items that were exported.
    pub(crate) fn sent(&self, signal: Signal, count: u64) {
        self.of(signal).sent.fetch_add(count, Ordering::Relaxed);
    }

    /// Counts the items of a request that was taken, wholly or in part.
    pub(super) fn answered(&self, signal: Signal, count: u64, answer: &Answer) {
        let rejected = answer.rejected.min(count);
        self.sent(signal, count - rejected);
        self.lost(signal, rejected, LossCause::Rejected);
        let mut state = self.of(signal).lock();
        let has_problem = *answer != Answer::default();
        let is_news = has_problem && !state.is_rejecting;
        state.is_rejecting = has_problem;
        if rejected > 0 {
            state.last_error = Some(answer.message.clone());
        }
        drop(state);
        if is_news {
            tracing::warn!(
                target: LOGGER,
                message = names::event::OTEL_RECORDS_REJECTED,
                { names::EXPORT_SIGNAL } = %signal,
                { names::REJECTED_RECORDS } = rejected,
                { names::ERROR } = answer.message,
            );
        }
    }

    /// How many items of a signal were dropped because too many waited.
    pub(crate) fn dropped(&self, signal: Signal) -> u64 {
        self.of(signal).dropped.load(Ordering::Relaxed)
    }

    /// How many items of a signal were given to the exporter.
    pub(crate) fn all_submitted(&self, signal: Signal) -> u64 {
        self.of(signal).submitted.load(Ordering::Relaxed)
    }

    /// How many items of a signal the collector took.
    pub(crate) fn all_sent(&self, signal: Signal) -> u64 {
        self.of(signal).sent.load(Ordering::Relaxed)
    }

    /// How many items of a signal the exporter lost by this cause.
    pub(crate) fn all_lost(&self, signal: Signal, cause: LossCause) -> u64 {
        self.of(signal).lost_by[cause as usize].load(Ordering::Relaxed)
    }

    /// How many items of a signal wait to be given to the exporter.
    pub(crate) fn waiting(&self, signal: Signal) -> u64 {
        let health = self.of(signal);
        let gone = self.dropped(signal) + self.all_submitted(signal);
        health.made.load(Ordering::Relaxed).saturating_sub(gone)
    }

    /// How many items of a signal the exporter has, neither sent nor lost.
    pub(crate) fn in_flight(&self, signal: Signal) -> u64 {
        let lost = LossCause::ALL.map(|cause| self.all_lost(signal, cause));
        let done = self.all_sent(signal) + lost.iter().sum::<u64>();
        self.all_submitted(signal).saturating_sub(done)
    }

    /// Sets where a signal is exported to by OTLP.
    pub(super) fn set_destination(&self, signal: Signal, destination: Destination) {
        // A signal has one exporter.
        let _first = self.of(signal).destination.set(destination);
    }

    /// Where a signal is exported to by OTLP; `None` for the console.
    pub(crate) fn destination(&self, signal: Signal) -> Option<&Destination> {
        self.of(signal).destination.get()
    }

    fn failures(&self, signal: Signal) -> u64 {
        self.of(signal).failures.load(Ordering::Relaxed)
    }

    /// How many exports have failed since the process began.
    pub(crate) fn all_failures(&self) -> u64 {
        let failures = Signal::ALL.iter().map(|signal| self.failures(*signal));
        failures.sum()
    }

    /// Says whether the last export of a signal failed.
    pub(crate) fn is_failing(&self, signal: Signal) -> bool {
        self.of(signal).lock().failing.is_some()
    }

    /// Marks the process as ending: an export that has failed before is not tried again.
    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    /// What has not reached the collector, what still waits included. To be read at the end.
    pub(crate) fn loss(&self) -> Loss {
        let items = Signal::ALL.map(|signal| {
            let health = self.of(signal);
            let made = health.made.load(Ordering::Relaxed);
            made.saturating_sub(health.sent.load(Ordering::Relaxed))
        });
        let errors = Signal::ALL.iter().rev();
        let error = errors
            .filter(|signal| items[**signal as usize] > 0)
            .find_map(|signal| self.of(*signal).lock().last_error.clone());
        Loss { items, error }
    }

    /// Records how the export of a batch ended.
    pub(crate) fn observe<E: Display>(&self, signal: Signal, result: &Result<(), E>) {
        match result {
            Ok(()) => self.succeeded(signal),
            Err(error) => self.failed(signal, error),
        }
    }

    fn failed(&self, signal: Signal, error: &impl Display) {
        let health = self.of(signal);
        health.failures.fetch_add(1, Ordering::Relaxed);
        let mut state = health.lock();
        state.last_error = Some(error.to_string());
        if let Some(failing) = &mut state.failing {
            failing.exports += 1;
            return;
        }
        state.failing = Some(Failing {
            since: Instant::now(),
            exports: 1,
        });
        drop(state);
        tracing::warn!(
            target: LOGGER,
            message = names::event::OTEL_EXPORT_FAILING,
            { names::EXPORT_SIGNAL } = %signal,
            { names::ERROR } = %error,
        );
    }

    fn succeeded(&self, signal: Signal) {
        let health = self.of(signal);
        let mut state = health.lock();
        let lost = health.lost.load(Ordering::Relaxed);
        let lost_before = std::mem::replace(&mut state.lost_before, lost);
        let Some(failing) = state.failing.take() else {
            return;
        };
        drop(state);
        // A warning too: who sees the one at any level sees the other.
        tracing::warn!(
            target: LOGGER,
            message = names::event::OTEL_EXPORT_RECOVERED,
            { names::EXPORT_SIGNAL } = %signal,
            { names::FAILED_EXPORTS } = failing.exports,
            { names::DROPPED_RECORDS } = lost.saturating_sub(lost_before),
            { names::DURATION_MS } = milliseconds(failing.since.elapsed()),
        );
    }
}

impl SignalHealth {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
