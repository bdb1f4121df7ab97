//! Guards: telemetry ends with the last of them.

use std::time::Duration;

use crate::writer::Writer;

/// How long a guard that is dropped waits for lines to be written.
const DROP_TIMEOUT: Duration = Duration::from_secs(5);

/// Ends telemetry when it is the last guard: waits for lines to be written when it is shut down or
/// dropped. Keep it until the end of `main`.
///
/// A line that comes after the end is written before the call that logs it returns, unless the output
/// stalls; that is slow, and nothing for a program that goes on.
#[derive(Debug)]
#[must_use = "telemetry ends with its last guard: lines that come later are written one by one"]
pub struct TelemetryGuard {
    /// Absent in an inert guard, and once it was shut down.
    writer: Option<Writer>,
}

impl TelemetryGuard {
    pub(crate) fn new(writer: Writer) -> Self {
        writer.open();
        Self {
            writer: Some(writer),
        }
    }

    /// A guard of nothing.
    pub fn inert() -> Self {
        Self { writer: None }
    }

    /// Waits until all lines accepted so far are written; `false` when `deadline` passes
    /// first. Blocks the thread: for short-lived processes, and before a suspend.
    pub fn flush(&self, deadline: Duration) -> bool {
        let writer = self.writer.as_ref();
        writer.is_none_or(|writer| writer.flush(deadline))
    }

    /// Ends telemetry, if this is the last guard, and waits, without blocking the thread, until all
    /// lines accepted so far are written; `false` when `deadline` passes first.
    pub async fn shutdown(mut self, deadline: Duration) -> bool {
        let Some(writer) = self.writer.take() else {
            return true;
        };
        writer.close();
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
        if let Some(writer) = &self.writer {
            writer.close();
            writer.flush(DROP_TIMEOUT);
        }
    }
}
