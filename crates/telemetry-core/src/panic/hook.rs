//! The panic hook.

use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;
use std::thread;

use crate::line::is_within_sink;
use crate::panic::seen::{self, SeenPanic};
use crate::panic::{report, reporter};

thread_local! {
    /// Whether panics of this thread are no lines: it writes them.
    static IS_IGNORED: Cell<bool> = const { Cell::new(false) };
}

/// Sets a panic hook, once, that records each panic for what catches it, and writes a line,
/// [`work_panicked`](crate::names::event::WORK_PANICKED), where nothing of ours will: in a plain
/// thread or task, or in `main`. The hook that was there before runs too.
///
/// A hook that another crate sets later, in place of this one, is kept and called the same way.
pub fn watch() {
    static SET: Once = Once::new();
    // The hook cannot be changed while the thread panics: another call will come.
    if thread::panicking() {
        return;
    }
    SET.call_once(set_before_others);
}

/// Exempts this thread: its panics are caught and handled by what writes the lines.
pub(crate) fn ignore_panics_of_this_thread() {
    IS_IGNORED.set(true);
}

fn set_before_others() {
    let before = panic::take_hook();
    let replaced = WhenReplaced;
    panic::set_hook(Box::new(move |info| {
        let _whole = &replaced;
        on_panic(info);
        before(info);
    }));
}

/// Sets the hook again when another one took its place, which drops it. A hook that calls the one
/// before it does not.
struct WhenReplaced;

impl Drop for WhenReplaced {
    fn drop(&mut self) {
        if !thread::panicking() {
            set_before_others();
        }
    }
}

/// Records a panic. Nothing in here may panic: the process would be aborted.
fn on_panic(info: &PanicHookInfo<'_>) {
    // A panic of a sink of lines would be a line, which the sink gets.
    if IS_IGNORED.get() || is_within_sink() {
        return;
    }
    let seen = SeenPanic::capture(info);
    if let Some(trace) = seen.trace() {
        reporter::read_symbols(trace);
    }
    if seen::is_catching() {
        seen::push(seen);
    } else {
        report::write_from_hook(seen);
    }
}
