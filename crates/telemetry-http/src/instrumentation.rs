//! Who records, and how durations are sorted.

use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{Histogram, Meter};
use opentelemetry_semantic_conventions::SCHEMA_URL;
use telemetry_core::DURATION_BOUNDARIES;

/// This crate, as the one that made a span or a measurement.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}

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
