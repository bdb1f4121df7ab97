//! What outgoing requests are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::Histogram;
use opentelemetry_semantic_conventions::metric::HTTP_CLIENT_REQUEST_DURATION;
use telemetry_core::Instruments;

use crate::instrumentation;

/// There are none as long as nothing exports.
pub(super) static INSTRUMENTS: Instruments<ClientInstruments> =
    Instruments::new(ClientInstruments::make);

#[derive(Debug)]
pub(super) struct ClientInstruments {
    pub(super) tracer: BoxedTracer,
    pub(super) duration: Histogram<f64>,
}

impl ClientInstruments {
    fn make() -> Self {
        let scope = telemetry_core::instrumentation_scope!();
        let meter = global::meter_with_scope(scope.clone());
        Self {
            tracer: global::tracer_with_scope(scope),
            duration: instrumentation::duration(
                &meter,
                HTTP_CLIENT_REQUEST_DURATION,
                "Duration of HTTP client requests.",
            ),
        }
    }
}
