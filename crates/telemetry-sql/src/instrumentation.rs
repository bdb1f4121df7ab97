//! How durations are sorted.

use opentelemetry::metrics::{Histogram, Meter};

/// The boundaries that the semantic conventions for databases advise, in seconds.
const DURATION_BOUNDARIES: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// Makes the histogram of a duration in seconds.
pub(crate) fn duration(
    meter: &Meter,
    name: &'static str,
    description: &'static str,
) -> Histogram<f64> {
    meter
        .f64_histogram(name)
        .with_unit("s")
        .with_description(description)
        .with_boundaries(DURATION_BOUNDARIES.to_vec())
        .build()
}
