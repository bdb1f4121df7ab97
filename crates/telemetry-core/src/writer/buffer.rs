//! The buffer between the callers and the writer thread.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

// The model of the buffer (`model.rs`) compiles this file with its own `sync`.
use super::sync::{Condvar, Mutex, MutexGuard, now};
use crate::statistics::Statistics;
use crate::writer::Overflow;
use crate::writer::loss::Drops;

/// How many bytes a chunk gathers: what a pipe takes in one go. Growing by chunks never
/// copies what is there already.
const CHUNK_CAPACITY: usize = 64 * 1024;
/// How many emptied chunks are kept to be filled again.
const MAX_SPARE_CHUNKS: usize = 4;
/// How many bytes wake the thread before its pause ends. More would not stay in the near caches until
/// they are written.
const WAKE_THRESHOLD: usize = 2 * CHUNK_CAPACITY;
/// How long the thread waits between two batches, and at first when there is nothing.
const MIN_PAUSE: Duration = Duration::from_millis(25);
/// Beyond this pause, which doubles as long as nothing comes, the thread sleeps until it
/// is woken.
const MAX_PAUSE: Duration = Duration::from_millis(50);
/// How long after one batch the next begins when an urgent line came meanwhile.
const URGENT_INTERVAL: Duration = Duration::from_millis(1);
/// How long a line that comes after the end waits to be written.
const WRITE_THROUGH_TIMEOUT: Duration = Duration::from_millis(50);

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
    wake_threshold: usize,
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
    /// The most pressing cause since the last batch was taken.
    pending: Cause,
    /// When the last batch was taken.
    taken_at: Option<Instant>,

    /// How many guards there are.
    owners: u32,
    /// The last guard is gone, or the process exits: each line is written before its caller goes on.
    is_ended: bool,
    /// A line that came after the end was not written in time: those after it do not wait.
    is_stalled: bool,

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
    /// Writing, or woken.
    #[default]
    Awake,
    /// Keeping its distance from the last batch.
    Spacing,
    /// Waiting for its pause to end.
    Pausing,
    /// Waiting for the next line.
    Asleep,
}

/// Why the thread may have to be woken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    #[default]
    Line,
    /// A warning or an error.
    UrgentLine,
    /// Somebody waits, or there is much to write.
    Need,
}

impl State {
    /// Says whether the thread has to be woken, and if so remembers that it was. Where it is awake, the
    /// cause counts when it would wait the next time.
    #[inline]
    fn wakes(&mut self, cause: Cause) -> bool {
        self.pending = self.pending.max(cause);
        let wakes = match self.thread {
            Thread::Awake => false,
            Thread::Spacing => cause >= Cause::Need,
            Thread::Pausing => cause >= Cause::UrgentLine,
            Thread::Asleep => true,
        };
        if wakes {
            self.thread = Thread::Awake;
        }
        wakes
    }

    /// Appends a line, and returns whether there was room for it in a chunk: in the last one, a
    /// spare one, or else `new`, which is taken.
    #[inline]
    fn append(&mut self, line: &[u8], new: &mut Option<Vec<u8>>) -> bool {
        let has_room = self
            .chunks
            .back()
            .is_some_and(|chunk| chunk.bytes.len() + line.len() <= chunk.bytes.capacity());
        if !has_room && !self.add_chunk(line.len(), new) {
            return false;
        }
        if let Some(chunk) = self.chunks.back_mut() {
            chunk.bytes.extend_from_slice(line);
            chunk.lines += 1;
        }
        self.gathered += line.len();
        self.accepted += 1;
        true
    }

    #[cold]
    fn add_chunk(&mut self, line: usize, new: &mut Option<Vec<u8>>) -> bool {
        let spare = if line <= CHUNK_CAPACITY {
            self.spare.pop()
        } else {
            None
        };
        let Some(bytes) = spare.or_else(|| new.take()) else {
            return false;
        };
        self.chunks.push_back(Chunk { bytes, lines: 0 });
        true
    }
}

impl Buffer {
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        let state = State {
            chunks: Self::empty_chunks(capacity),
            spare: Vec::with_capacity(MAX_SPARE_CHUNKS),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            wake: Condvar::default(),
            progress: Condvar::default(),
            capacity,
            wake_threshold: WAKE_THRESHOLD.min(capacity / 2),
            overflow,
        }
    }

    /// Makes a queue that never grows: of two chunks that follow one another, the lines of the second
    /// did not fit into the first.
    fn empty_chunks(capacity: usize) -> VecDeque<Chunk> {
        VecDeque::with_capacity(2 * (capacity / CHUNK_CAPACITY) + 2)
    }

    /// Adds a guard.
    pub(super) fn open(&self) {
        let mut state = self.state.lock();
        state.owners += 1;
        state.is_ended = false;
    }

    /// Takes a guard away. The last one ends the buffering of lines.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.owners = state.owners.saturating_sub(1);
        state.is_ended |= state.owners == 0;
    }

    /// Takes a line in, or counts it as refused.
    // No memory is allocated or freed beneath the lock: an allocator of the application's that logs
    // would wait for its own thread.
    #[inline]
    pub(super) fn push(&self, line: &[u8], is_urgent: bool) {
        let mut new = None;
        let mut state = self.state.lock();
        loop {
            if state.gathered + state.taken + line.len() > self.capacity {
                match self.wait_for_room(state, line.len()) {
                    Some(with_room) => state = with_room,
                    None => return,
                }
            }
            if state.append(line, &mut new) {
                break;
            }
            drop(state);
            new = Some(Vec::with_capacity(line.len().max(CHUNK_CAPACITY)));
            state = self.state.lock();
        }
        if state.is_ended {
            return self.write_through(state);
        }
        let cause = if state.gathered > self.wake_threshold {
            Cause::Need
        } else if is_urgent {
            Cause::UrgentLine
        } else {
            Cause::Line
        };
        let wakes = state.wakes(cause);
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
            if state.wakes(Cause::Need) {
                self.wake.notify_one();
            }
            return None;
        }
        loop {
            let used = state.gathered + state.taken;
            if used == 0 || used + line <= self.capacity {
                return Some(state);
            }
            if state.wakes(Cause::Need) {
                self.wake.notify_one();
            }
            state = self.progress.wait_until(state, None);
        }
    }

    /// Waits until the line that was added last is written, unless the output stalls.
    #[cold]
    fn write_through(&self, mut state: MutexGuard<'_, State>) {
        if state.is_stalled {
            if state.wakes(Cause::Need) {
                self.wake.notify_one();
            }
            return;
        }
        let (mut state, is_written) =
            self.wait_for_flush(state, now().checked_add(WRITE_THROUGH_TIMEOUT));
        state.is_stalled = !is_written;
    }

    /// See [`Writer::flush`](super::Writer::flush).
    pub(super) fn flush(&self, deadline: Duration) -> bool {
        let end = now().checked_add(deadline);
        self.wait_for_flush(self.state.lock(), end).1
    }

    /// Flushes, also when the lock is never released. With `ends`, lines that come later are written
    /// through.
    pub(super) fn flush_within(&self, timeout: Duration, ends: bool) -> bool {
        let end = now() + timeout;
        let Some(mut state) = self.state.lock_until(end) else {
            return false;
        };
        state.is_ended |= ends;
        self.wait_for_flush(state, Some(end)).1
    }

    /// Has all lines accepted so far written; `false` when `end` comes first.
    fn wait_for_flush<'a>(
        &'a self,
        mut state: MutexGuard<'a, State>,
        end: Option<Instant>,
    ) -> (MutexGuard<'a, State>, bool) {
        state.flushes_asked += 1;
        let ticket = state.flushes_asked;
        if state.wakes(Cause::Need) {
            self.wake.notify_one();
        }
        while state.flushes_done < ticket {
            if end.is_some_and(|end| now() >= end) {
                return (state, false);
            }
            state = self.progress.wait_until(state, end);
        }
        (state, true)
    }

    pub(super) fn statistics(&self) -> Statistics {
        let state = self.state.lock();
        Statistics {
            written: state.written,
            dropped: state.lost + state.refused,
            waiting: state.accepted - state.written - state.lost,
            ..Statistics::default()
        }
    }

    /// Takes what is to be reported of lost lines.
    pub(super) fn take_drops(&self) -> Drops {
        std::mem::take(&mut self.state.lock().drops)
    }

    /// Waits for lines or flushes and takes them; comes back without any when `at_most`
    /// has passed. Called by the thread alone.
    pub(super) fn take(&self, at_most: Option<Duration>) -> Batch {
        let empty = Self::empty_chunks(self.capacity);
        let end = at_most.map(|at_most| now() + at_most);
        let mut pause = MIN_PAUSE;
        let mut state = self.state.lock();
        loop {
            // Also the first time: what comes within the pause is written in one batch.
            state = match std::mem::take(&mut state.pending) {
                Cause::Line => self.pause(state, &mut pause, end),
                Cause::UrgentLine => self.keep_distance(state),
                Cause::Need => state,
            };
            let is_over = end.is_some_and(|end| end <= now());
            if state.gathered > 0 || state.flushes_asked > state.flushes_done || is_over {
                break;
            }
        }
        state.thread = Thread::Awake;
        state.pending = Cause::Line;
        state.taken_at = Some(now());
        state.taken = state.gathered;
        state.gathered = 0;
        Batch {
            chunks: std::mem::replace(&mut state.chunks, empty),
            is_flush: state.flushes_asked > state.flushes_done,
            flushes: state.flushes_asked,
        }
    }

    /// Waits until an urgent line may follow the last batch.
    fn keep_distance<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let due = state.taken_at.map(|taken_at| taken_at + URGENT_INTERVAL);
        state.thread = Thread::Spacing;
        while state.thread != Thread::Awake && due.is_some_and(|due| now() < due) {
            state = self.wake.wait_until(state, due);
        }
        state
    }

    /// Waits for the pause to end, or, beyond the longest, until there is a line.
    fn pause<'a>(
        &self,
        mut state: MutexGuard<'a, State>,
        pause: &mut Duration,
        end: Option<Instant>,
    ) -> MutexGuard<'a, State> {
        let is_longest = *pause > MAX_PAUSE;
        let (thread, until) = if is_longest && end.is_none() {
            (Thread::Asleep, None)
        } else {
            (Thread::Pausing, Some(now() + *pause))
        };
        state.thread = thread;
        while state.thread != Thread::Awake && until.is_none_or(|until| now() < until) {
            state = self.wake.wait_until(state, until);
        }
        if !is_longest {
            *pause *= 2;
        }
        state
    }

    /// Counts what became of a chunk and makes its room free.
    pub(super) fn settle(&self, mut chunk: Chunk, lost: u64) {
        let mut state = self.state.lock();
        state.taken -= chunk.bytes.len();
        state.written += chunk.lines - lost;
        state.lost += lost;
        state.drops.add(lost);
        if state.spare.len() < MAX_SPARE_CHUNKS && chunk.bytes.capacity() <= CHUNK_CAPACITY {
            chunk.bytes.clear();
            state.spare.push(chunk.bytes);
        }
        drop(state);
        self.progress.notify_all();
    }

    /// Ends the flushes that were asked for before `batch` was taken.
    pub(super) fn end_flushes(&self, batch: &Batch) {
        let mut state = self.state.lock();
        if state.flushes_done < batch.flushes {
            state.flushes_done = batch.flushes;
            state.is_stalled = false;
            drop(state);
            self.progress.notify_all();
        }
    }
}
