//! From how long on a statement of a database is slow.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::in_effect;

/// How long a statement may take unless a setting says otherwise.
pub(crate) const DEFAULT_SLOW_STATEMENT: Duration = Duration::from_secs(1);

/// Whether any settings have another duration than the default.
static IS_ANY_OTHER: AtomicBool = AtomicBool::new(false);

/// Takes the duration of some settings into account.
pub(crate) fn note(duration: Duration) {
    if duration != DEFAULT_SLOW_STATEMENT {
        IS_ANY_OTHER.store(true, Ordering::Relaxed);
    }
}

/// From how long on a statement of a database is slow, by the settings that are in effect: see
/// [`Config::with_slow_statement`](crate::Config::with_slow_statement). Zero: none is.
#[inline]
#[must_use]
pub fn slow_statement() -> Duration {
    if IS_ANY_OTHER.load(Ordering::Relaxed) {
        in_effect::current().slow_statement
    } else {
        DEFAULT_SLOW_STATEMENT
    }
}
