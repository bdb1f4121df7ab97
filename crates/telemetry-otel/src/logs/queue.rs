//! Lines that wait to be exported.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use telemetry_core::LineSource;

use crate::config::{BatchSettings, Signal};
use crate::exporter::Health;

/// How many bytes wait at most: lines may be long.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A buffer that has grown beyond this is given back.
const LARGEST_KEPT: usize = 1024 * 1024;

/// Lines, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    ends: Vec<End>,
}

/// Where a line ends, and where it comes from.
#[derive(Clone, Copy, Debug)]
struct End {
    at: usize,
    source: Option<LineSource>,
}

/// One of the lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) source: Option<LineSource>,
}

impl Lines {
    /// The lines, cut into batches.
    pub(super) fn batches(
        &self,
        size: usize,
    ) -> impl Iterator<Item = impl Iterator<Item = Line<'_>>> {
        let mut start = 0;
        self.ends.chunks(size).map(move |ends| {
            let first = start;
            start = ends.last().map_or(start, |end| end.at);
            let starts = std::iter::once(first).chain(ends.iter().map(|end| end.at));
            starts.zip(ends).filter_map(|(start, end)| {
                let bytes = self.bytes.get(start..end.at)?;
                let source = end.source;
                Some(Line { bytes, source })
            })
        })
    }

    fn clear(&mut self) {
        if self.bytes.capacity() > LARGEST_KEPT {
            *self = Self::default();
        }
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Bounded in lines and in bytes: what is too much is dropped and counted.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// The thread waits here for lines.
    wake: Condvar,
    /// Who flushes waits here for its end.
    progress: Condvar,
    settings: BatchSettings,
    health: Arc<Health>,
}

#[derive(Debug, Default)]
struct State {
    waiting: Lines,
    /// Lines that the thread has taken, and not exported yet.
    taken: usize,
    taken_bytes: usize,
    flushes_asked: u64,
    /// Those that the lines that the thread has taken are the answer to.
    flushes_taken: u64,
    flushes_done: u64,
    is_ending: bool,
    has_ended: bool,
}

/// What the thread is to do.
pub(super) enum Task {
    /// To export some lines, which may be none.
    Export {
        /// To be given back by [`Queue::exported`].
        flushes: u64,
    },
    /// To end: nothing is left.
    End,
}

impl Queue {
    pub(super) fn new(settings: BatchSettings, health: Arc<Health>) -> Self {
        Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            progress: Condvar::new(),
            settings,
            health,
        }
    }

    pub(super) fn batch_size(&self) -> usize {
        self.settings.max_export_batch_size()
    }

    /// Takes a copy of a line, or counts it as dropped.
    #[inline]
    pub(super) fn push(&self, line: &[u8], source: Option<LineSource>) {
        let mut state = self.lock();
        if state.is_ending {
            return;
        }
        self.health.made(Signal::Logs, 1);
        let lines = state.waiting.ends.len() + state.taken;
        let bytes = state.waiting.bytes.len() + state.taken_bytes;
        if lines >= self.settings.max_queue_size() || bytes + line.len() > MOST_BYTES {
            drop(state);
            self.health.drop_item(Signal::Logs);
            return;
        }
        state.waiting.bytes.extend_from_slice(line);
        let at = state.waiting.bytes.len();
        state.waiting.ends.push(End { at, source });
        let wakes = state.waiting.ends.len() == self.settings.max_export_batch_size();
        drop(state);
        if wakes {
            self.wake.notify_one();
        }
    }

    /// Waits until a batch is full, its delay has passed or somebody waits for it, and moves the
    /// lines that there are to `lines`.
    pub(super) fn take(&self, lines: &mut Lines) -> Task {
        lines.clear();
        let batch_size = self.settings.max_export_batch_size();
        let (mut state, _is_late) = self
            .wake
            .wait_timeout_while(self.lock(), self.settings.schedule_delay(), |state| {
                state.waiting.ends.len() < batch_size
                    && state.flushes_asked == state.flushes_done
                    && !state.is_ending
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.is_ending && state.waiting.ends.is_empty() {
            state.has_ended = true;
            state.flushes_done = state.flushes_asked;
            drop(state);
            self.progress.notify_all();
            return Task::End;
        }
        std::mem::swap(lines, &mut state.waiting);
        state.taken = lines.ends.len();
        state.taken_bytes = lines.bytes.len();
        state.flushes_taken = state.flushes_asked;
        Task::Export {
            flushes: state.flushes_asked,
        }
    }

    /// Takes note that a batch has gone, so that there is room for as many lines.
    pub(super) fn sent(&self, lines: usize) {
        let mut state = self.lock();
        state.taken = state.taken.saturating_sub(lines);
    }

    /// Takes note that all lines of a task have gone.
    pub(super) fn exported(&self, flushes: u64) {
        let mut state = self.lock();
        state.taken = 0;
        state.taken_bytes = 0;
        state.flushes_done = flushes;
        drop(state);
        self.progress.notify_all();
    }

    /// Gives up the lines of a task that panicked.
    pub(super) fn abandoned(&self) {
        let flushes = self.lock().flushes_taken;
        self.exported(flushes);
    }

    /// Waits until the lines that there are have gone.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        state.flushes_asked += 1;
        let ticket = state.flushes_asked;
        self.wake.notify_one();
        let _done = self
            .progress
            .wait_while(state, |state| {
                state.flushes_done < ticket && !state.has_ended
            })
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Takes no more lines and waits until those that there are have gone; says how much of
    /// `timeout` is left then, or `None` when it has passed.
    pub(super) fn end(&self, timeout: Duration) -> Option<Duration> {
        let begun = Instant::now();
        let mut state = self.lock();
        state.is_ending = true;
        self.wake.notify_one();
        let (_state, waited) = self
            .progress
            .wait_timeout_while(state, timeout, |state| !state.has_ended)
            .unwrap_or_else(PoisonError::into_inner);
        (!waited.timed_out()).then(|| timeout.saturating_sub(begun.elapsed()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
