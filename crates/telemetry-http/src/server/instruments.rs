//! What server requests are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Histogram, UpDownCounter};
use opentelemetry::{InstrumentationScope, metrics::Meter};
use opentelemetry_semantic_conventions::SCHEMA_URL;
use opentelemetry_semantic_conventions::metric::{
    HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_DURATION,
};
use telemetry_core::Instruments;

/// The boundaries that the semantic conventions advise, in seconds.
const DURATION_BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// There are none as long as nothing exports.
pub(super) static INSTRUMENTS: Instruments<ServerInstruments> =
    Instruments::new(ServerInstruments::make);

#[derive(Debug)]
pub(super) struct ServerInstruments {
    pub(super) tracer: BoxedTracer,
    pub(super) duration: Histogram<f64>,
    pub(super) active: UpDownCounter<i64>,
}

impl ServerInstruments {
    fn make() -> Self {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA_URL)
            .build();
        let meter: Meter = global::meter_with_scope(scope.clone());
        Self {
            tracer: global::tracer_with_scope(scope),
            duration: meter
                .f64_histogram(HTTP_SERVER_REQUEST_DURATION)
                .with_unit("s")
                .with_description("Duration of HTTP server requests.")
                .with_boundaries(DURATION_BOUNDARIES.to_vec())
                .build(),
            active: meter
                .i64_up_down_counter(HTTP_SERVER_ACTIVE_REQUESTS)
                .with_unit("{request}")
                .with_description("Number of active HTTP server requests.")
                .build(),
        }
    }
}
