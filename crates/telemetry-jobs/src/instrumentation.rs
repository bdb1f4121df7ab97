//! How durations are sorted.

use opentelemetry::metrics::{Histogram, Meter};
use telemetry_core::DURATION_BOUNDARIES;

/// Makes the histogram of a duration in seconds.
pub(crate) fn duration(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
    more_boundaries: &[f64],
) -> Histogram<f64> {
    let boundaries = [&DURATION_BOUNDARIES[..], more_boundaries].concat();
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(boundaries)
        .build()
}
