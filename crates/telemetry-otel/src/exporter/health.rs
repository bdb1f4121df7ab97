//! Whether export works, said once when that changes.

use std::fmt::Display;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use telemetry_core::{milliseconds, names};

use crate::config::Signal;

/// The `logger` of this crate's lines. Lines of this name are not exported.
pub(crate) const LOGGER: &str = "telemetry_otel";

/// Follows the exports of all signals: a dead collector is one line, not one for each
/// batch of each signal.
#[derive(Debug, Default)]
pub(crate) struct Health {
    state: Mutex<State>,
    /// How many exports of each signal have failed since the process began.
    failures: [AtomicU64; 3],
    /// How many records of each signal were dropped since the process began.
    dropped: [AtomicU64; 3],
}

#[derive(Debug, Default)]
struct State {
    /// The signals whose last export failed.
    failing: Vec<Signal>,
    /// When the first of them began to.
    since: Option<Instant>,
    /// How many exports have failed since then.
    failed: u64,
    /// How many records had been dropped by then.
    dropped_before: u64,
}

impl Health {
    /// Takes note of an export.
    pub(crate) fn observe<E: Display>(&self, signal: Signal, result: &Result<(), E>) {
        match result {
            Ok(()) => self.succeeded(signal),
            Err(error) => self.failed(signal, error),
        }
    }

    /// Counts a record that is not exported because too many wait.
    pub(crate) fn drop_record(&self, signal: Signal) {
        self.dropped[signal as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many records of a signal were dropped since the process began.
    pub(crate) fn dropped(&self, signal: Signal) -> u64 {
        self.dropped[signal as usize].load(Ordering::Relaxed)
    }

    fn all_dropped(&self) -> u64 {
        Signal::ALL.iter().map(|signal| self.dropped(*signal)).sum()
    }

    /// How many exports of a signal have failed since the process began.
    pub(crate) fn failures(&self, signal: Signal) -> u64 {
        self.failures[signal as usize].load(Ordering::Relaxed)
    }

    /// How many exports have failed since the process began.
    pub(crate) fn all_failures(&self) -> u64 {
        let failures = Signal::ALL.iter().map(|signal| self.failures(*signal));
        failures.sum()
    }

    fn failed(&self, signal: Signal, error: &impl Display) {
        self.failures[signal as usize].fetch_add(1, Ordering::Relaxed);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = state.failing.is_empty();
        state.failed += 1;
        if !state.failing.contains(&signal) {
            state.failing.push(signal);
        }
        if is_news {
            state.since = Some(Instant::now());
            state.dropped_before = self.all_dropped();
            drop(state);
            tracing::warn!(
                target: LOGGER,
                message = names::event::OTEL_EXPORT_FAILING,
                { names::SIGNAL } = %signal,
                { names::ERROR } = %error,
            );
        }
    }

    fn succeeded(&self, signal: Signal) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failing.retain(|failing| *failing != signal);
        if !state.failing.is_empty() {
            return;
        }
        let (Some(since), failed) = (state.since.take(), std::mem::take(&mut state.failed)) else {
            return;
        };
        let dropped = self.all_dropped() - state.dropped_before;
        drop(state);
        // A warning too: who is told of the one at any level is told of the other.
        tracing::warn!(
            target: LOGGER,
            message = names::event::OTEL_EXPORT_RECOVERED,
            { names::FAILED_EXPORTS } = failed,
            { names::DROPPED_RECORDS } = dropped,
            { names::DURATION_MS } = milliseconds(since.elapsed()),
        );
    }
}
