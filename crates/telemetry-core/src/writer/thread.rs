//! The thread that writes.

use std::io::{self, ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use crate::panic::ignore_panics_of_this_thread;
use crate::writer::buffer::Chunk;
use crate::writer::loss::{Loss, ReportLine};
use crate::writer::pieces::split_piece;
use crate::writer::{Output, Writer};

/// How long to wait before an output that would block is tried again.
const WOULD_BLOCK_PAUSE: Duration = Duration::from_millis(5);
/// How long to wait before an output that failed, such as a full disk, is tried again.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

pub(super) struct Worker {
    writer: Writer,
    output: Output,
    report: ReportLine,
    loss: Loss,
    /// The output failed the last time it was tried.
    is_failing: bool,
    /// The last byte written was not a line end: the rest of that line was lost.
    is_mid_line: bool,
}

impl Worker {
    pub(super) fn new(writer: Writer, output: Output, report: ReportLine) -> Self {
        Self {
            writer,
            output,
            report,
            loss: Loss::default(),
            is_failing: false,
            is_mid_line: false,
        }
    }

    pub(super) fn run(mut self) -> ! {
        ignore_panics_of_this_thread();
        loop {
            let mut batch = self.writer.0.buffer.take(self.loss.report_due());
            while let Some(chunk) = batch.chunks.pop_front() {
                let lost = self.write_chunk(&chunk);
                self.writer.0.buffer.settle(chunk, lost);
            }
            self.report_loss(batch.is_flush);
            self.flush_output();
            self.writer.0.buffer.end_flushes(&batch);
        }
    }

    /// Writes a chunk whole, however long that takes, and returns how many of its lines an
    /// output that is gone has lost.
    fn write_chunk(&mut self, chunk: &Chunk) -> u64 {
        let written = self.write_lines(&chunk.bytes);
        if written.len() == chunk.bytes.len() {
            return 0;
        }
        let whole_lines = written.iter().filter(|byte| **byte == b'\n').count() as u64;
        chunk.lines.saturating_sub(whole_lines)
    }

    /// Writes lines and returns what of them was written. A line that was broken off before
    /// is ended first.
    fn write_lines<'a>(&mut self, lines: &'a [u8]) -> &'a [u8] {
        if self.is_mid_line && self.write_all(b"\n").is_ok() {
            self.is_mid_line = false;
        }
        let unwritten = self.write_all(lines).err().unwrap_or_default();
        let written = &lines[..lines.len() - unwritten];
        if let Some(last) = written.last() {
            self.is_mid_line = *last != b'\n';
        }
        written
    }

    /// Writes all bytes, trying again after failures that may pass.
    ///
    /// # Errors
    ///
    /// The number of bytes that were not written, when the reader is gone.
    fn write_all(&mut self, mut bytes: &[u8]) -> Result<(), usize> {
        while !bytes.is_empty() {
            let (piece, rest) = split_piece(bytes, self.output.max_write());
            self.write_piece(piece).map_err(|left| left + rest.len())?;
            bytes = rest;
        }
        Ok(())
    }

    /// Writes what is given to the output at once.
    fn write_piece(&mut self, mut bytes: &[u8]) -> Result<(), usize> {
        while !bytes.is_empty() {
            match self.write_some(bytes) {
                Ok(0) => self.fail(&ErrorKind::WriteZero.into()),
                Ok(length) => {
                    self.is_failing = false;
                    bytes = bytes.get(length..).unwrap_or_default();
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => thread::sleep(WOULD_BLOCK_PAUSE),
                    ErrorKind::BrokenPipe => {
                        self.report_failure(&error);
                        return Err(bytes.len());
                    }
                    _ => self.fail(&error),
                },
            }
        }
        Ok(())
    }

    /// Writes once. An output that panics counts as one that failed.
    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let output = &mut self.output;
        catch_unwind(AssertUnwindSafe(|| output.write(bytes)))
            .unwrap_or_else(|_| Err(io::Error::other("the output panicked")))
    }

    fn fail(&mut self, error: &io::Error) {
        self.report_failure(error);
        thread::sleep(FAILURE_PAUSE);
    }

    /// Reports on the standard error stream, once until it recovers, that the output fails.
    fn report_failure(&mut self, error: &io::Error) {
        if !self.is_failing {
            self.is_failing = true;
            // Nothing else can report it.
            let _unheard = writeln!(io::stderr(), "telemetry: cannot write log lines: {error}");
        }
    }

    /// Writes what is due about lines that were lost.
    fn report_loss(&mut self, is_flush: bool) {
        // At a flush the start and the end may both be due.
        while let Some(report) = self
            .loss
            .update(self.writer.0.buffer.take_drops(), is_flush)
        {
            let line = (self.report)(&report);
            self.write_lines(&line);
        }
    }

    fn flush_output(&mut self) {
        let output = &mut self.output;
        // What cannot be flushed now is tried again with the next batch.
        let _later = catch_unwind(AssertUnwindSafe(|| output.flush()));
    }
}
