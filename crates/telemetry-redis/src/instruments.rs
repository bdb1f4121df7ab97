//! What commands are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::Histogram;
use opentelemetry_semantic_conventions::attribute::DB_OPERATION_NAME;
use opentelemetry_semantic_conventions::metric::DB_CLIENT_OPERATION_DURATION;
use telemetry_core::Instruments;
use telemetry_core::instrument::BoundedNames;

/// There are none as long as nothing exports.
pub(crate) static INSTRUMENTS: Instruments<RedisInstruments> =
    Instruments::new(RedisInstruments::make);

/// The boundaries that the semantic conventions for databases advise, in seconds, and shorter
/// ones: most commands take less than a millisecond.
const DURATION_BOUNDARIES: [f64; 11] = [
    0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0,
];

/// The commands of the metric: anybody may send any word.
pub(crate) static OPERATIONS: BoundedNames = BoundedNames::new(DB_OPERATION_NAME);

#[derive(Debug)]
pub(crate) struct RedisInstruments {
    pub(crate) tracer: BoxedTracer,
    pub(crate) duration: Histogram<f64>,
}

impl RedisInstruments {
    fn make() -> Self {
        let scope = telemetry_core::instrumentation_scope!();
        Self {
            duration: global::meter_with_scope(scope.clone())
                .f64_histogram(DB_CLIENT_OPERATION_DURATION)
                .with_unit("s")
                .with_description("Duration of database client operations.")
                .with_boundaries(DURATION_BOUNDARIES.to_vec())
                .build(),
            tracer: global::tracer_with_scope(scope),
        }
    }
}
