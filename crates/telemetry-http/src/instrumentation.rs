//! Who records, and how durations are sorted.

use opentelemetry::InstrumentationScope;
use opentelemetry_semantic_conventions::SCHEMA_URL;

/// The boundaries that the semantic conventions advise, in seconds.
pub(crate) const DURATION_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// This crate, as the one that made a span or a measurement.
pub(crate) fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
        .with_version(env!("CARGO_PKG_VERSION"))
        .with_schema_url(SCHEMA_URL)
        .build()
}
