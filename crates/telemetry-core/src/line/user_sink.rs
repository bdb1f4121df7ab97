//! Calls of sinks that are not ours.

use std::any::Any;
use std::cell::Cell;
use std::io::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::line::{LineSink, LineSource};

static IS_REPORTED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread is within a sink of the user's.
    static IS_WITHIN: Cell<bool> = const { Cell::new(false) };
}

/// Hands a line to a sink of the user's. A panic goes no further, and is reported once on the
/// standard error stream.
///
/// A line that is made within a sink, by the sink itself or by the panic hook, is not handed to
/// one: a sink that logs would be called for ever.
#[inline]
pub(super) fn accept(sink: &impl LineSink, line: &[u8], source: &LineSource) {
    let is_within = IS_WITHIN.try_with(|is_within| is_within.replace(true));
    if is_within.unwrap_or_default() {
        return;
    }
    let accepted = catch_unwind(AssertUnwindSafe(|| sink.accept_with_source(line, source)));
    // A thread that is ending forgets it anyway.
    let _ending = IS_WITHIN.try_with(|is_within| is_within.set(false));
    if let Err(payload) = accepted {
        report(payload);
    }
}

/// Whether this thread is within a sink of the user's.
pub(crate) fn is_within_sink() -> bool {
    IS_WITHIN.try_with(Cell::get).unwrap_or_default()
}

#[cold]
fn report(payload: Box<dyn Any + Send>) {
    // The destructor of a payload is the user's code as well.
    let _dropped = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    if !IS_REPORTED.swap(true, Ordering::Relaxed) {
        // Where this cannot be written, nothing can.
        let _unheard = writeln!(io::stderr(), "telemetry: a sink of log lines panicked");
    }
}
