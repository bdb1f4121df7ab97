//! What server requests are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Histogram, UpDownCounter};
use opentelemetry_semantic_conventions::metric::{
    HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_DURATION,
};
use telemetry_core::Instruments;

use crate::instrumentation;

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
        let scope = telemetry_core::instrumentation_scope!();
        let meter = global::meter_with_scope(scope.clone());
        Self {
            tracer: global::tracer_with_scope(scope),
            duration: instrumentation::duration(
                &meter,
                HTTP_SERVER_REQUEST_DURATION,
                "Duration of HTTP server requests.",
            ),
            active: meter
                .i64_up_down_counter(HTTP_SERVER_ACTIVE_REQUESTS)
                .with_unit("{request}")
                .with_description("Number of active HTTP server requests.")
                .build(),
        }
    }
}
