//! Which threads the processor goes to first.

use std::cell::Cell;

/// How much nicer threads of export are than others. Where there is work for more threads than
/// there are processors, they get a third of what a thread of the application gets.
#[cfg(target_os = "linux")]
const NICER: i32 = 5;

thread_local! {
    static IS_LOWERED: Cell<bool> = const { Cell::new(false) };
}

/// Lets the threads of the application go before this one, from now on.
///
/// On Linux alone: elsewhere, niceness is the whole process's.
pub(crate) fn lower() {
    if IS_LOWERED.replace(true) {
        return;
    }
    #[cfg(target_os = "linux")]
    {
        // Where that is not allowed, it exports as fast as others work.
        let _lowered = rustix::process::nice(NICER);
    }
}
