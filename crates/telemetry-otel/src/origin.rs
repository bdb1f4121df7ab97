//! The process that exports. A forked child has none of its threads, and waits for none.

/// Recognises the process that it was made in.
#[derive(Clone, Debug)]
pub(crate) struct Origin(Option<forkguard::Guard>);

impl Origin {
    /// Remembers this process.
    pub(crate) fn new() -> Self {
        // Where the system cannot say when it forks, every process counts as the first.
        Self(forkguard::Guard::try_new().ok())
    }

    /// Says whether this process is a forked child: one atomic load, which the C library's `fork`
    /// counts up in the child.
    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.0
            .clone()
            .is_some_and(|mut guard| guard.detected_fork())
    }
}
