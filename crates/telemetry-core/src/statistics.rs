//! What telemetry counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::writer::{self, Writer};

static UNBOUND: AtomicU64 = AtomicU64::new(0);
static REFUSED_KEYS: AtomicU64 = AtomicU64::new(0);

/// Counts that telemetry keeps about itself, since the process began.
///
/// Every line that was accepted or refused is in exactly one of `written`, `dropped` and
/// `waiting`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Log lines written to the output.
    pub written: u64,
    /// Log lines lost: the buffer was full, or the output refused them.
    pub dropped: u64,
    /// Log lines accepted and not yet written.
    pub waiting: u64,
    /// Calls of [`bind`](crate::bind) and
    /// [`bind_temporarily`](crate::bind_temporarily) without a current scope.
    pub unbound: u64,
    /// Fields that were not bound because their scope had 256 keys already.
    pub refused_keys: u64,
}

/// Reads the counts. Without an installed writer the line counts are zero.
#[must_use]
pub fn statistics() -> Statistics {
    let mut statistics = writer::installed()
        .map(Writer::statistics)
        .unwrap_or_default();
    statistics.unbound = UNBOUND.load(Ordering::Relaxed);
    statistics.refused_keys = REFUSED_KEYS.load(Ordering::Relaxed);
    statistics
}

#[cold]
pub(crate) fn count_unbound() {
    UNBOUND.fetch_add(1, Ordering::Relaxed);
}

#[cold]
pub(crate) fn count_refused_key() {
    REFUSED_KEYS.fetch_add(1, Ordering::Relaxed);
}
