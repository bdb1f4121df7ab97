//! The end of the process, when nobody waits for lines.

use std::time::Duration;

use crate::writer;

/// How long `exit` waits at most for lines to be written.
const EXIT_TIMEOUT: Duration = Duration::from_millis(500);

dtor::declarative::dtor! {
    #[dtor(unsafe)]
    fn flush_at_exit() {
        if let Some(writer) = writer::installed() {
            writer.end_within(EXIT_TIMEOUT);
        }
    }
}

/// Waits until the lines so far are written, for at most `timeout`. For the panic hook of a process
/// that aborts.
pub(crate) fn flush_before_abort(timeout: Duration) {
    if let Some(writer) = writer::installed() {
        writer.flush_within(timeout);
    }
}
