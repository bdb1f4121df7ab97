//! Where a panic happened, and the part of its backtrace that a reader of a log line needs.

use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

mod frames;

/// The place of a panic, and its backtrace, whose symbols are read later: that takes long the first
/// time.
pub(super) struct Trace {
    /// `panicked at src/checkout.rs:12:5`
    place: String,
    frames: Mutex<Frames>,
    read: Condvar,
}

enum Frames {
    /// Absent while its symbols are read.
    Captured(Option<Backtrace>),
    Read(String),
}

impl Trace {
    pub(super) fn capture(location: Option<&Location<'_>>) -> Self {
        Self {
            place: location.map_or_else(
                || "panicked at an unknown place".to_owned(),
                |location| format!("panicked at {location}"),
            ),
            frames: Mutex::new(Frames::Captured(Some(Backtrace::force_capture()))),
            read: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the symbols, unless another thread does.
    pub(super) fn read_symbols(&self) {
        let captured = match &mut *self.lock() {
            Frames::Captured(captured) => captured.take(),
            Frames::Read(_) => None,
        };
        if let Some(captured) = captured {
            let text = frames::shorten(&captured.to_string());
            *self.lock() = Frames::Read(text);
            self.read.notify_all();
        }
    }

    /// Waits until the symbols are read; `false` when `timeout` passes first.
    pub(super) fn wait(&self, timeout: Duration) -> bool {
        let is_waiting = |frames: &mut Frames| matches!(frames, Frames::Captured(_));
        let waited = self
            .read
            .wait_timeout_while(self.lock(), timeout, is_waiting)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.1.timed_out()
    }

    /// The place and the frames; the place alone when the symbols are not read within `timeout`.
    pub(super) fn text(&self, timeout: Duration) -> String {
        self.wait(timeout);
        match &*self.lock() {
            Frames::Read(frames) if !frames.is_empty() => format!("{}\n{frames}", self.place),
            _ => self.place.clone(),
        }
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trace").field(&self.place).finish()
    }
}
