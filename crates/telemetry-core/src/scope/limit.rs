//! What happens at the bound on the keys of a scope.

use std::sync::atomic::{AtomicBool, Ordering};

use tracing::Level;

use crate::names::{self, event};
use crate::scope::bindings::MAX_KEYS;
use crate::statistics;

/// The `logger` of the warning.
const LOGGER: &str = "telemetry_core";

static IS_REPORTED: AtomicBool = AtomicBool::new(false);

/// Counts a key that was not bound, and warns of the first in the process. To be called with
/// nothing locked: it writes a line.
#[cold]
#[inline(never)]
pub(super) fn refuse_key() {
    statistics::count_refused_key();
    // As long as no line is written anywhere, the warning waits.
    if tracing::enabled!(target: LOGGER, Level::WARN) && !IS_REPORTED.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            target: LOGGER,
            message = event::CONTEXT_LIMIT_REACHED,
            { names::KEY_LIMIT } = MAX_KEYS,
        );
    }
}
