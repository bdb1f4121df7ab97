//! Ending telemetry.

use std::time::Duration;

use crate::writer::Writer;

/// How long a guard that is dropped waits for lines to be written.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends telemetry: waits for lines to be written when it is shut down or dropped. Keep it
/// until the end of `main`.
#[derive(Debug)]
#[must_use = "lines that wait to be written are lost when the program ends without it"]
pub struct TelemetryGuard {
    /// Absent in an inert guard.
    writer: Option<Writer>,
}

impl TelemetryGuard {
    pub(crate) fn new(writer: Writer) -> Self {
        Self {
            writer: Some(writer),
        }
    }

    /// A guard of nothing.
    pub fn inert() -> Self {
        Self { writer: None }
    }

    /// Waits until all lines accepted so far are written; `false` when `deadline` passes
    /// first. Blocks the thread: for short-lived processes, and before a fork or suspend.
    pub fn flush(&self, deadline: Duration) -> bool {
        flush(self.writer.as_ref(), deadline)
    }

    /// Waits, without blocking the thread, until all lines accepted so far are written;
    /// `false` when `deadline` passes first. Lines that come later are still written as
    /// long as the process lives.
    pub async fn shutdown(mut self, deadline: Duration) -> bool {
        let Some(writer) = self.writer.take() else {
            return true;
        };
        let (done, is_done) = tokio::sync::oneshot::channel();
        // A thread of its own: the runtime may have no blocking threads or timers, and be
        // about to end.
        let waiter = std::thread::Builder::new()
            .name("telemetry-shutdown".into())
            .spawn(move || done.send(writer.flush(deadline)));
        match waiter {
            Ok(_) => is_done.await.unwrap_or_default(),
            Err(_) => false,
        }
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        flush(self.writer.as_ref(), DROP_TIMEOUT);
    }
}

fn flush(writer: Option<&Writer>, deadline: Duration) -> bool {
    writer.is_none_or(|writer| writer.flush(deadline))
}
