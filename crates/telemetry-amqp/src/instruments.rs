//! What messages are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry_semantic_conventions::metric::{
    MESSAGING_CLIENT_CONSUMED_MESSAGES, MESSAGING_CLIENT_OPERATION_DURATION,
    MESSAGING_CLIENT_SENT_MESSAGES, MESSAGING_PROCESS_DURATION,
};
use telemetry_core::{DURATION_BOUNDARIES, Instruments};

/// There are none as long as nothing exports.
pub(crate) static INSTRUMENTS: Instruments<MessageInstruments> =
    Instruments::new(MessageInstruments::make);

/// Handling a message may take longer than a request: seconds beyond the advised boundaries.
const LONGER: [f64; 6] = [30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0];

#[derive(Debug)]
pub(crate) struct MessageInstruments {
    pub(crate) tracer: BoxedTracer,
    pub(crate) sent: Counter<u64>,
    pub(crate) consumed: Counter<u64>,
    pub(crate) operation_duration: Histogram<f64>,
    pub(crate) process_duration: Histogram<f64>,
}

impl MessageInstruments {
    fn make() -> Self {
        let scope = telemetry_core::instrumentation_scope!();
        let meter = global::meter_with_scope(scope.clone());
        let count = |name, description| {
            let counter = meter.u64_counter(name).with_unit("{message}");
            counter.with_description(description).build()
        };
        let duration = |name, description, boundaries| {
            let histogram = meter.f64_histogram(name).with_unit("s");
            let histogram = histogram.with_description(description);
            histogram.with_boundaries(boundaries).build()
        };
        Self {
            tracer: global::tracer_with_scope(scope),
            sent: count(
                MESSAGING_CLIENT_SENT_MESSAGES,
                "Number of messages that were published.",
            ),
            consumed: count(
                MESSAGING_CLIENT_CONSUMED_MESSAGES,
                "Number of messages that were delivered.",
            ),
            operation_duration: duration(
                MESSAGING_CLIENT_OPERATION_DURATION,
                "Duration of publishing, to the broker's confirmation.",
                DURATION_BOUNDARIES.to_vec(),
            ),
            process_duration: duration(
                MESSAGING_PROCESS_DURATION,
                "Duration of attempts at messages.",
                [&DURATION_BOUNDARIES[..], &LONGER].concat(),
            ),
        }
    }
}
