//! The buffer between the callers and the writer thread.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::statistics::Statistics;
use crate::writer::Overflow;
use crate::writer::loss::Drops;

/// How many bytes a chunk gathers: what a pipe takes in one go. Growing by chunks never
/// copies what is there already.
const CHUNK: usize = 64 * 1024;
/// How many emptied chunks are kept to be filled again.
const SPARE_CHUNKS: usize = 4;
/// How much gathers before the thread is woken without waiting for its pause to end. More would not
/// stay in the caches that are near until it is written.
const ENOUGH: usize = 2 * CHUNK;
/// How long the thread waits between two batches, and at first when there is nothing.
const SHORTEST_PAUSE: Duration = Duration::from_millis(25);
/// Beyond this pause, which doubles as long as nothing comes, the thread sleeps until it
/// is woken.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Some whole lines.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) lines: u64,
}

/// What the thread takes at once.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) chunks: VecDeque<Chunk>,
    /// Somebody waits for all of it to be written.
    pub(super) is_flush: bool,
    /// How many flushes had been asked for when it was taken: once it is written, they are
    /// done.
    flushes: u64,
}

#[derive(Debug)]
pub(super) struct Buffer {
    state: Mutex<State>,
    /// The thread waits here for something to do.
    wake: Condvar,
    /// Callers wait here for room, and flushes for their end.
    progress: Condvar,
    capacity: usize,
    /// With more than so many bytes, the thread is woken.
    enough: usize,
    overflow: Overflow,
}

#[derive(Debug, Default)]
struct State {
    /// All but the last are full.
    chunks: VecDeque<Chunk>,
    spare: Vec<Vec<u8>>,
    /// Bytes in `chunks`.
    gathered: usize,
    /// Bytes that the thread has taken and not yet written.
    taken: usize,
    thread: Thread,

    accepted: u64,
    written: u64,
    /// Accepted, and then refused by the output.
    lost: u64,
    /// Not accepted.
    refused: u64,
    /// Lost or refused, and not yet reported.
    drops: Drops,

    flushes_asked: u64,
    flushes_done: u64,
}

/// What the thread is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Thread {
    /// Writing, or told to.
    #[default]
    Awake,
    /// Waiting for its pause to end: only what is urgent wakes it.
    Pausing,
    /// Waiting for the next line.
    Asleep,
}

impl State {
    /// Says whether the thread has to be woken, and if so remembers that it was.
    #[inline]
    fn wakes(&mut self, is_urgent: bool) -> bool {
        let wakes = match self.thread {
            Thread::Awake => false,
            Thread::Pausing => is_urgent,
            Thread::Asleep => true,
        };
        if wakes {
            self.thread = Thread::Awake;
        }
        wakes
    }

    #[inline]
    fn append(&mut self, line: &[u8]) {
        let has_room = self
            .chunks
            .back()
            .is_some_and(|chunk| chunk.bytes.len() + line.len() <= chunk.bytes.capacity());
        if !has_room {
            self.add_chunk(line.len());
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.bytes.extend_from_slice(line);
            chunk.lines += 1;
        }
        self.gathered += line.len();
        self.accepted += 1;
    }

    #[cold]
    fn add_chunk(&mut self, line: usize) {
        let spare = if line <= CHUNK {
            self.spare.pop()
        } else {
            None
        };
        self.chunks.push_back(Chunk {
            bytes: spare.unwrap_or_else(|| Vec::with_capacity(line.max(CHUNK))),
            lines: 0,
        });
    }
}

impl Buffer {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        Self {
            state: Mutex::default(),
            wake: Condvar::new(),
            progress: Condvar::new(),
            capacity,
            enough: ENOUGH.min(capacity / 2),
            overflow,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a line in, or counts it as refused.
    #[inline]
    pub(super) fn push(&self, line: &[u8], is_urgent: bool) {
        let mut state = self.lock();
        let mut used = state.gathered + state.taken;
        if used + line.len() > self.capacity {
            match self.wait_for_room(state, line.len()) {
                Some(with_room) => state = with_room,
                None => return,
            }
            used = state.gathered + state.taken;
        }
        state.append(line);
        let wakes = state.wakes(is_urgent || used > self.enough);
        drop(state);
        if wakes {
            self.wake.notify_one();
        }
    }

    /// Waits until the line fits, or is alone; `None` when it is refused.
    #[cold]
    fn wait_for_room<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        line: usize,
    ) -> Option<MutexGuard<'a, State>> {
        if self.overflow == Overflow::Drop {
            state.refused += 1;
            state.drops.add(1);
            if state.wakes(true) {
                self.wake.notify_one();
            }
            return None;
        }
        loop {
            let used = state.gathered + state.taken;
            if used == 0 || used + line <= self.capacity {
                return Some(state);
            }
            if state.wakes(true) {
                self.wake.notify_one();
            }
            state = self
                .progress
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// See [`Writer::flush`](super::Writer::flush).
    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let end = Instant::now().checked_add(deadline);
        let mut state = self.lock();
        state.flushes_asked += 1;
        let ticket = state.flushes_asked;
        if state.wakes(true) {
            self.wake.notify_one();
        }
        while state.flushes_done < ticket {
            let left = end.map_or(Duration::MAX, |end| {
                end.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return false;
            }
            (state, _) = self
                .progress
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner);
        }
        true
    }

    pub(super) fn statistics(&self) -> Statistics {
        let state = self.lock();
        Statistics {
            written: state.written,
            dropped: state.lost + state.refused,
            waiting: state.accepted - state.written - state.lost,
            ..Statistics::default()
        }
    }

    /// Takes what is to be reported of lost lines.
    pub(super) fn take_drops(&self) -> Drops {
        std::mem::take(&mut self.lock().drops)
    }

    /// Waits for lines or flushes and takes them; comes back without any when `at_most`
    /// has passed. Called by the thread alone.
    pub(super) fn take(&self, at_most: Option<Duration>) -> Batch {
        let end = at_most.map(|at_most| Instant::now() + at_most);
        let mut pause = SHORTEST_PAUSE;
        let mut state = self.lock();
        loop {
            // Also the first time: what comes within the pause is written in one batch.
            if state.flushes_asked == state.flushes_done {
                state = self.pause(state, &mut pause, end);
            }
            let is_over = end.is_some_and(|end| end <= Instant::now());
            if state.gathered > 0 || state.flushes_asked > state.flushes_done || is_over {
                break;
            }
        }
        state.thread = Thread::Awake;
        state.taken = state.gathered;
        state.gathered = 0;
        Batch {
            chunks: std::mem::take(&mut state.chunks),
            is_flush: state.flushes_asked > state.flushes_done,
            flushes: state.flushes_asked,
        }
    }

    /// Waits for the pause to end, or, beyond the longest, until there is a line.
    fn pause<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        pause: &mut Duration,
        end: Option<Instant>,
    ) -> MutexGuard<'a, State> {
        let sleeps = *pause > LONGEST_PAUSE;
        if sleeps && end.is_none() {
            state.thread = Thread::Asleep;
            return self
                .wake
                .wait_while(state, |state| state.thread != Thread::Awake)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.thread = Thread::Pausing;
        let (state, _) = self
            .wake
            .wait_timeout_while(state, *pause, |state| state.thread != Thread::Awake)
            .unwrap_or_else(PoisonError::into_inner);
        if !sleeps {
            *pause *= 2;
        }
        state
    }

    /// Counts what became of a chunk and makes its room free.
    pub(super) fn settle(&self, mut chunk: Chunk, lost: u64) {
        let mut state = self.lock();
        state.taken -= chunk.bytes.len();
        state.written += chunk.lines - lost;
        state.lost += lost;
        state.drops.add(lost);
        if state.spare.len() < SPARE_CHUNKS && chunk.bytes.capacity() <= CHUNK {
            chunk.bytes.clear();
            state.spare.push(chunk.bytes);
        }
        drop(state);
        self.progress.notify_all();
    }

    /// Ends the flushes that were asked for before `batch` was taken.
    pub(super) fn end_flushes(&self, batch: &Batch) {
        let mut state = self.lock();
        if state.flushes_done < batch.flushes {
            state.flushes_done = batch.flushes;
            drop(state);
            self.progress.notify_all();
        }
    }
}
