//! What jobs are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry_semantic_conventions::metric::{
    MESSAGING_CLIENT_CONSUMED_MESSAGES, MESSAGING_CLIENT_SENT_MESSAGES, MESSAGING_PROCESS_DURATION,
};
use telemetry_core::Instruments;

use crate::instrumentation;
use crate::names::MESSAGING_QUEUE_LATENCY;

/// There are none as long as nothing exports.
pub(crate) static INSTRUMENTS: Instruments<JobInstruments> = Instruments::new(JobInstruments::make);

/// Jobs take, and wait, longer than requests: seconds beyond the advised boundaries.
const LONGER: [f64; 6] = [30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0];

#[derive(Debug)]
pub(crate) struct JobInstruments {
    pub(crate) tracer: BoxedTracer,
    pub(crate) sent: Counter<u64>,
    pub(crate) consumed: Counter<u64>,
    pub(crate) process_duration: Histogram<f64>,
    pub(crate) latency: Histogram<f64>,
}

impl JobInstruments {
    fn make() -> Self {
        let scope = telemetry_core::instrumentation_scope!();
        let meter = global::meter_with_scope(scope.clone());
        let count = |name, description| {
            let counter = meter.u64_counter(name).with_unit("{message}");
            counter.with_description(description).build()
        };
        Self {
            tracer: global::tracer_with_scope(scope),
            sent: count(
                MESSAGING_CLIENT_SENT_MESSAGES,
                "Number of jobs that were put on a queue.",
            ),
            consumed: count(
                MESSAGING_CLIENT_CONSUMED_MESSAGES,
                "Number of attempts at jobs.",
            ),
            process_duration: instrumentation::duration(
                &meter,
                MESSAGING_PROCESS_DURATION,
                "Duration of attempts at jobs.",
                &LONGER,
            ),
            latency: instrumentation::duration(
                &meter,
                MESSAGING_QUEUE_LATENCY,
                "Time from when a job is due to when its first attempt begins.",
                &LONGER,
            ),
        }
    }
}
