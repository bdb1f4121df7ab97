//! The way of lines from the application's threads to the output.
//!
//! Callers append to a buffer bounded in bytes. One thread takes all that has gathered and writes
//! it in batches, once in 25 milliseconds or when there is much of it, without being woken for each
//! line; a warning or an error wakes it. To a pipe it writes whole lines, at most `PIPE_BUF` bytes at
//! a time, between which lines of other processes may stand. After the last guard, and in a forked
//! child, a line is written before its caller goes on.
//!
//! Nothing that happens to the output reaches a caller.

mod buffer;
pub(crate) mod exit;
mod forked;
mod loss;
#[cfg(test)]
mod model;
mod output;
mod pieces;
mod sync;
mod thread;

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use buffer::Buffer;
use forked::Forked;
pub(crate) use loss::{LossReport, ReportLine};
pub(crate) use output::Output;

use crate::line::LineSink;
use crate::panic;
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

/// A handle on the buffer and its thread. The thread lives as long as the process.
#[derive(Clone, Debug)]
pub(crate) struct Writer(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    buffer: Buffer,
    forked: Forked,
}

impl Writer {
    /// Starts the thread that writes to `output`.
    ///
    /// # Errors
    ///
    /// When the operating system cannot start a thread.
    pub(crate) fn start(
        output: Output,
        capacity: usize,
        overflow: Overflow,
        report: ReportLine,
    ) -> std::io::Result<Self> {
        let writer = Self(Arc::new(Shared {
            buffer: Buffer::new(capacity, overflow),
            forked: Forked::new(&output, overflow)?,
        }));
        let worker = thread::Worker::new(writer.clone(), output, report);
        std::thread::Builder::new()
            .name("telemetry-writer".into())
            .spawn(move || worker.run())?;
        Ok(writer)
    }

    /// Adds a guard. While there is none after there was one, each line is written before the
    /// caller goes on.
    pub(crate) fn open(&self) {
        if !self.is_forked() {
            self.0.buffer.open();
        }
    }

    /// Takes a guard away.
    pub(crate) fn close(&self) {
        if !self.is_forked() {
            self.0.buffer.close();
        }
    }

    /// Waits until all that was accepted before is written; `false` when `deadline` passes
    /// first. In a forked child nothing waits.
    pub(crate) fn flush(&self, deadline: Duration) -> bool {
        let flush = |left| self.0.buffer.flush(left);
        self.is_forked() || after_reports_of_panics(deadline, flush)
    }

    /// Flushes where other threads may be gone or stopped.
    pub(crate) fn flush_within(&self, timeout: Duration) -> bool {
        let flush = |left| self.0.buffer.flush_within(left, false);
        self.is_forked() || after_reports_of_panics(timeout, flush)
    }

    /// Flushes for the last time: each later line is written before its caller goes on.
    pub(crate) fn end_within(&self, timeout: Duration) -> bool {
        let flush = |left| self.0.buffer.flush_within(left, true);
        self.is_forked() || after_reports_of_panics(timeout, flush)
    }

    pub(crate) fn statistics(&self) -> Statistics {
        if self.is_forked() {
            return self.0.forked.statistics();
        }
        self.0.buffer.statistics()
    }

    /// Says whether this process is a forked child of the one that started the thread.
    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.0.forked.is_child()
    }
}

static INSTALLED: OnceLock<Writer> = OnceLock::new();

/// Makes a writer the one of the process. Called once.
pub(crate) fn install(writer: Writer) {
    // There is none before: telemetry is installed once.
    let _first = INSTALLED.set(writer);
}

/// The writer that is in effect for the process.
pub(crate) fn installed() -> Option<&'static Writer> {
    INSTALLED.get()
}

/// Flushes, in what is left of `timeout`, once the lines of panics that are on their way have
/// arrived.
fn after_reports_of_panics(timeout: Duration, flush: impl FnOnce(Duration) -> bool) -> bool {
    let started = Instant::now();
    panic::wait_until_idle(timeout);
    flush(timeout.saturating_sub(started.elapsed()))
}

impl LineSink for Writer {
    #[inline]
    fn accept(&self, line: &[u8], level: Level) {
        if self.is_forked() {
            return self.0.forked.write(line);
        }
        self.0.buffer.push(line, level <= Level::WARN);
    }
}

#[cfg(test)]
mod tests;
