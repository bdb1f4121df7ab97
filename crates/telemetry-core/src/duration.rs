//! Durations as lines have them.

use std::time::Duration;

/// A duration as [`DURATION_MS`](crate::names::DURATION_MS) has it: in milliseconds, rounded to
/// two decimals.
#[inline]
#[must_use]
pub fn milliseconds(duration: Duration) -> f64 {
    let below_a_second = u64::from((duration.subsec_nanos() + 5_000) / 10_000);
    let hundredths = duration.as_secs().saturating_mul(100_000);
    hundredths.saturating_add(below_a_second) as f64 / 100.0
}
