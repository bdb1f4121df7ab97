//! Lines of a forked child. It has no writer thread, and a lock that another thread held is never
//! released in it: the child writes each line itself, to the descriptor, and takes no lock.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::statistics::Statistics;
use crate::writer::{Output, Overflow};

/// How long a line waits for an output that stalls, until one was dropped.
#[cfg(unix)]
const STALL_TIMEOUT: rustix::event::Timespec = rustix::event::Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};

/// Recognises a forked child, and writes its lines.
#[derive(Debug)]
pub(super) struct Forked {
    guard: forkguard::Guard,
    descriptor: Option<Arc<File>>,
    overflow: Overflow,
    is_failing: AtomicBool,
    is_reported: AtomicBool,
    written: AtomicU64,
    dropped: AtomicU64,
}

impl Forked {
    /// Remembers this process.
    ///
    /// # Errors
    ///
    /// When the operating system cannot say when it forks.
    pub(super) fn new(output: &Output, overflow: Overflow) -> io::Result<Self> {
        Ok(Self {
            guard: forkguard::Guard::try_new().map_err(io::Error::other)?,
            descriptor: output.descriptor().cloned(),
            overflow,
            is_failing: AtomicBool::default(),
            is_reported: AtomicBool::default(),
            written: AtomicU64::default(),
            dropped: AtomicU64::default(),
        })
    }

    /// Says whether this process is a child of the one that called [`new`](Self::new): one atomic
    /// load, which the C library's `fork` counts up in the child.
    #[inline]
    pub(super) fn is_child(&self) -> bool {
        self.guard.clone().detected_fork()
    }

    /// Writes a line, or counts it as dropped and reports that, once, on the standard error stream.
    #[cold]
    pub(super) fn write(&self, line: &[u8]) {
        let result = match &self.descriptor {
            Some(file) => self.write_all(file, line),
            None => Err(io::Error::other("its output is not a file descriptor")),
        };
        self.is_failing.store(result.is_err(), Ordering::Relaxed);
        match result {
            Ok(()) => {
                self.written.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                if !self.is_reported.swap(true, Ordering::Relaxed) {
                    report(&error);
                }
            }
        }
    }

    /// Counts the lines of the child alone.
    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            written: self.written.load(Ordering::Relaxed),
            dropped: self.dropped.load(Ordering::Relaxed),
            ..Statistics::default()
        }
    }

    #[cfg(unix)]
    fn write_all(&self, mut file: &File, mut line: &[u8]) -> io::Result<()> {
        use std::io::{ErrorKind, Write as _};

        while !line.is_empty() {
            self.wait_for_room(file)?;
            match file.write(line) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(length) => line = line.get(length..).unwrap_or_default(),
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted | ErrorKind::WouldBlock => {}
                    _ => return Err(error),
                },
            }
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn write_all(&self, _: &File, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    #[cfg(unix)]
    fn wait_for_room(&self, file: &File) -> io::Result<()> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};

        let timeout = match self.overflow {
            Overflow::Block => None,
            Overflow::Drop if self.is_failing.load(Ordering::Relaxed) => Some(Timespec::default()),
            Overflow::Drop => Some(STALL_TIMEOUT),
        };
        loop {
            match poll(&mut [PollFd::new(file, PollFlags::OUT)], timeout.as_ref()) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Writes to the standard error stream without its lock, which another thread may have held.
#[cfg(unix)]
fn report(error: &io::Error) {
    let text = format!("telemetry: log lines of this forked process are lost: {error}\n");
    // Nothing else can report it.
    let _unheard = rustix::io::write(rustix::stdio::stderr(), text.as_bytes());
}

#[cfg(not(unix))]
fn report(_: &io::Error) {}
