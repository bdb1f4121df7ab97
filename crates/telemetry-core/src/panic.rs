//! Panics as values: the message, the place, and the frames that lead there.
//!
//! Every panic is one line. A unit of work reports its own; a panic that somebody else catches
//! inside a unit is reported when the unit ends, and one that happens outside of any unit by the
//! panic hook. See [`watch`].

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

mod backtrace;
mod caught;
mod hook;
mod report;
mod reporter;
mod seen;
mod unclaimed;

pub use caught::{Caught, catch_async};
pub(crate) use hook::ignore_panics_of_this_thread;
pub use hook::watch;
pub(crate) use report::{ReportPanics, report_and_resume, report_panics_of};
pub use reporter::wait_until_idle;
pub use unclaimed::UnclaimedPanics;

use seen::SeenPanic;

use crate::failure::Failure;

/// What a panic carries.
type Payload = Box<dyn Any + Send>;

/// A panic that was caught.
///
/// Dropped before it was [marked as reported](Self::mark_reported) or [resumed](Self::resume), it
/// is reported by a line, [`work_panicked`](crate::names::event::WORK_PANICKED).
pub struct Panic {
    /// The panic's message: the [`ERROR`](crate::names::ERROR) of a line.
    pub message: String,
    /// Absent once the panic goes on.
    payload: Option<Payload>,
    // In a box: a result with a panic in it is returned for each part of a unit's work.
    seen: Box<SeenPanic>,
}

impl Panic {
    fn new(payload: Payload, seen: SeenPanic) -> Self {
        Self {
            message: seen.content.message.clone(),
            payload: Some(payload),
            seen: Box::new(seen),
        }
    }

    /// Where the panic happened, and the application's frames from there to what caught it, below
    /// 20 rows and 8 KiB: the [`EXCEPTION`](crate::names::EXCEPTION) of a line.
    ///
    /// `None` for a panic that no hook saw, such as that of
    /// [`resume_unwind`](std::panic::resume_unwind), or where [`watch`] was not called before.
    /// Reading symbols takes long the first time: after 50 milliseconds only the place is returned.
    #[must_use]
    pub fn backtrace(&self) -> Option<String> {
        self.seen.exception(reporter::symbols_timeout())
    }

    /// Calls `report` with the failure of this panic, and marks the panic as logged.
    ///
    /// At once, when its symbols are read within 50 milliseconds; else once they are, on a thread of
    /// its own, so that what panicked does not wait and the line has the frames all the same.
    pub fn report_with(&mut self, report: impl FnOnce(Failure) + Send + 'static) {
        self.mark_reported();
        let message = self.message.clone();
        let seen = (*self.seen).clone();
        report::when_symbols_are_read(&self.seen, move || {
            report(Failure::new_panic(&message, seen.exception(Duration::MAX)));
        });
    }

    /// Marks this panic as logged, so that an enclosing task or unit of work does not log it
    /// again.
    pub fn mark_reported(&mut self) {
        self.seen.is_reported = true;
    }

    /// Whether a line has reported it.
    #[must_use]
    pub fn is_reported(&self) -> bool {
        self.seen.is_reported
    }

    /// Goes on with the panic, without calling the panic hook again. What catches it next gets the
    /// payload as it was.
    pub fn resume(mut self) -> ! {
        let payload = self.payload.take();
        self.seen.clone().resumed();
        drop(self);
        // Only this function takes the payload.
        panic::resume_unwind(payload.unwrap_or_else(|| Box::new(())))
    }
}

impl Drop for Panic {
    fn drop(&mut self) {
        // A panic that goes on is reported by what catches it.
        if self.payload.is_some() && !self.seen.is_reported {
            report::write(&self.seen);
        }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panic")
            .field("message", &self.message)
            .field("is_reported", &self.seen.is_reported)
            .finish_non_exhaustive()
    }
}

/// Calls `work` and catches its panic.
///
/// The panic hook runs as usual first. What `work` leaves behind half done is for the
/// caller to judge, as with [`AssertUnwindSafe`]. A panic that somebody else caught within `work`
/// is reported by a line before this returns; work that goes on later, such as a future, is called
/// by [`UnclaimedPanics::catch`].
///
/// # Errors
///
/// When `work` panics.
#[inline]
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    UnclaimedPanics::new().catch(work)
}

/// Calls `work` and returns its panic with those that a hook saw meanwhile and that nothing of
/// ours caught.
#[inline]
fn catch_seen<T>(work: impl FnOnce() -> T) -> (Result<T, Payload>, Option<Vec<SeenPanic>>) {
    let entered = seen::enter();
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    let seen = seen::leave(entered);
    (result, seen)
}
