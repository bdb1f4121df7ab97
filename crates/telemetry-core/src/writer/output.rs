//! The standard output, without the buffer and the lock that `std::io::stdout` has.

use std::io::Write;

/// Opens the standard output for the writer thread alone.
///
/// On Unix this is a file descriptor of its own, so that a stalled output does not hold
/// the lock that `println!` needs, and no buffer stands between the lines and the count of
/// what was written.
pub(crate) fn stdout() -> Box<dyn Write + Send> {
    #[cfg(unix)]
    {
        use std::os::fd::AsFd as _;
        if let Ok(descriptor) = std::io::stdout().as_fd().try_clone_to_owned() {
            return Box::new(std::fs::File::from(descriptor));
        }
    }
    Box::new(std::io::stdout())
}
