//! The panics within a unit of work that somebody else caught.

use crate::panic::seen::{self, Content, SeenPanic};
use crate::panic::{Panic, Payload, catch_seen, report};

/// Catches the panics of a unit of work, call by call, and keeps those that other code caught
/// within it, such as tower-http's `CatchPanicLayer`.
///
/// Such a panic may still come back, by [`resume_unwind`](std::panic::resume_unwind). Those that did
/// not are reported, each by a line [`work_panicked`](crate::names::event::WORK_PANICKED) with the
/// context that the panicking code had, by [`report`](Self::report) or when this is dropped.
#[derive(Debug, Default)]
pub struct UnclaimedPanics(Vec<SeenPanic>);

impl UnclaimedPanics {
    /// Starts without a panic.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Calls a part of the unit's work and catches its panic, as [`catch`](crate::panic::catch)
    /// does.
    ///
    /// # Errors
    ///
    /// When `work` panics.
    #[inline]
    pub fn catch<T>(&mut self, work: impl FnOnce() -> T) -> Result<T, Panic> {
        let (result, seen) = catch_seen(work);
        if let Some(seen) = seen {
            self.keep(seen);
        }
        result.map_err(|payload| self.claim(payload))
    }

    /// Reports the panics that did not come back. To be called when the unit ends.
    #[inline]
    pub fn report(&mut self) {
        if !self.0.is_empty() {
            self.report_all();
        }
    }

    #[cold]
    fn keep(&mut self, seen: Vec<SeenPanic>) {
        self.0.extend(seen);
    }

    #[cold]
    fn claim(&mut self, payload: Payload) -> Panic {
        let content = Content::of(&*payload);
        let seen = seen::take(&mut self.0, &content)
            .or_else(|| seen::take_escaped(&content))
            .unwrap_or_else(|| SeenPanic::unseen(content));
        Panic::new(payload, seen)
    }

    #[cold]
    fn report_all(&mut self) {
        for seen in self.0.drain(..) {
            if seen.is_reported {
                seen.escaped();
            } else {
                report::write(&seen);
            }
        }
    }
}

impl Drop for UnclaimedPanics {
    #[inline]
    fn drop(&mut self) {
        self.report();
    }
}
