//! The way of lines from the application's threads to the output.
//!
//! Callers append to a buffer bounded in bytes. One thread takes all that has gathered and writes
//! it in batches, once in 25 milliseconds or when there is much of it, without being woken for each
//! line.
//! Nothing that happens to the output reaches a caller.

mod buffer;
mod loss;
mod output;
mod thread;

use std::fmt;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use buffer::Buffer;
pub(crate) use loss::{LossReport, ReportLine};
pub(crate) use output::stdout;

use crate::line::LineSink;
use crate::statistics::Statistics;
use tracing::Level;

/// What happens to a line when the buffer is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The line is dropped and counted; the log says when loss starts and ends. The
    /// application never waits.
    #[default]
    Drop,
    /// The caller waits until there is room: nothing is lost, and a stalled output stalls
    /// the application. A line for an output that is gone for good is still dropped.
    Block,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Drop => "drop",
            Self::Block => "block",
        })
    }
}

/// A handle on the buffer and its thread. The thread lives as long as the process: what is
/// logged after a shutdown is still written, as long as there is time.
#[derive(Clone, Debug)]
pub(crate) struct Writer(Arc<Buffer>);

impl Writer {
    /// Starts the thread that writes to `output`.
    ///
    /// # Errors
    ///
    /// When the operating system cannot start a thread.
    pub(crate) fn start(
        output: Box<dyn Write + Send>,
        capacity: usize,
        overflow: Overflow,
        report: ReportLine,
    ) -> std::io::Result<Self> {
        let buffer = Arc::new(Buffer::new(capacity, overflow));
        let worker = thread::Worker::new(Arc::clone(&buffer), output, report);
        std::thread::Builder::new()
            .name("telemetry-writer".into())
            .spawn(move || worker.run())?;
        Ok(Self(buffer))
    }

    /// Waits until all that was accepted before is written; `false` when `deadline` passes
    /// first.
    pub(crate) fn flush(&self, deadline: Duration) -> bool {
        self.0.flush(deadline)
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.0.statistics()
    }
}

impl LineSink for Writer {
    #[inline]
    fn accept(&self, line: &[u8], level: Level) {
        self.0.push(line, level <= Level::WARN);
    }
}

#[cfg(test)]
mod tests;
