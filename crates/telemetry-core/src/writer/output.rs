//! Where lines go: a descriptor of the writer's own where there is one, or what the application gave.

use std::any::Any;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

/// An output, and how it takes lines.
pub(crate) struct Output {
    write: Box<dyn Write + Send>,
    max_write: Option<usize>,
    descriptor: Option<Arc<File>>,
}

impl Output {
    /// Opens the standard output.
    ///
    /// On Unix this is a file descriptor of its own, so that neither a stalled output holds the lock
    /// that `println!` needs, nor a held lock the lines; and no buffer stands between the lines and
    /// the count of what was written.
    pub(crate) fn stdout() -> Self {
        Self::from_writer(io::stdout())
    }

    /// Takes what the application gave. A file, a pipe and the standard streams become a descriptor.
    pub(crate) fn from_writer(write: impl Write + Send + 'static) -> Self {
        let mut write = Some(write);
        if let Some(file) = descriptor(&mut write) {
            let file = Arc::new(file);
            return Self {
                max_write: max_write(&file),
                descriptor: Some(Arc::clone(&file)),
                write: Box::new(file),
            };
        }
        Self {
            write: match write {
                Some(write) => Box::new(write),
                None => Box::new(io::sink()),
            },
            max_write: None,
            descriptor: None,
        }
    }

    /// The descriptor, if there is one. Writing to it needs no lock.
    pub(super) fn descriptor(&self) -> Option<&Arc<File>> {
        self.descriptor.as_ref()
    }

    /// How many bytes one write may have so that nobody else's come between them; `None` where that
    /// has no bound.
    pub(super) fn max_write(&self) -> Option<usize> {
        self.max_write
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write.flush()
    }
}

/// Takes the descriptor of what is known to have one.
#[cfg(unix)]
fn descriptor(write: &mut dyn Any) -> Option<File> {
    use std::os::fd::{AsFd, OwnedFd};

    fn take<T: Into<OwnedFd> + 'static>(write: &mut dyn Any) -> Option<OwnedFd> {
        write.downcast_mut::<Option<T>>()?.take().map(T::into)
    }
    fn duplicate<T: AsFd + 'static>(write: &dyn Any) -> Option<OwnedFd> {
        let stream = write.downcast_ref::<Option<T>>()?.as_ref()?;
        stream.as_fd().try_clone_to_owned().ok()
    }

    take::<File>(write)
        .or_else(|| take::<io::PipeWriter>(write))
        .or_else(|| take::<std::process::ChildStdin>(write))
        .or_else(|| duplicate::<io::Stdout>(write))
        .or_else(|| duplicate::<io::Stderr>(write))
        .map(File::from)
}

#[cfg(not(unix))]
fn descriptor(_: &mut dyn Any) -> Option<File> {
    None
}

/// On a pipe a write of at most `PIPE_BUF` bytes is atomic.
#[cfg(unix)]
fn max_write(file: &File) -> Option<usize> {
    use std::os::unix::fs::FileTypeExt as _;

    let metadata = file.metadata().ok()?;
    metadata
        .file_type()
        .is_fifo()
        .then_some(rustix::pipe::PIPE_BUF)
}

#[cfg(not(unix))]
fn max_write(_: &File) -> Option<usize> {
    None
}
