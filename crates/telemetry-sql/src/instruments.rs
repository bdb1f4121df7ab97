//! What statements and pools are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry_semantic_conventions::metric::{
    DB_CLIENT_CONNECTION_TIMEOUTS, DB_CLIENT_CONNECTION_WAIT_TIME, DB_CLIENT_OPERATION_DURATION,
};
use telemetry_core::Instruments;

use crate::{instrumentation, pool_metrics};

/// There are none as long as nothing exports.
pub(crate) static INSTRUMENTS: Instruments<SqlInstruments> = Instruments::new(SqlInstruments::make);

#[derive(Debug)]
pub(crate) struct SqlInstruments {
    pub(crate) tracer: BoxedTracer,
    pub(crate) duration: Histogram<f64>,
    pub(crate) wait_time: Histogram<f64>,
    pub(crate) timeouts: Counter<u64>,
}

impl SqlInstruments {
    fn make() -> Self {
        let scope = telemetry_core::instrumentation_scope!();
        let meter = global::meter_with_scope(scope.clone());
        pool_metrics::register(&meter);
        Self {
            tracer: global::tracer_with_scope(scope),
            duration: instrumentation::duration(
                &meter,
                DB_CLIENT_OPERATION_DURATION,
                "Duration of database client operations.",
            ),
            wait_time: instrumentation::duration(
                &meter,
                DB_CLIENT_CONNECTION_WAIT_TIME,
                "The time it took to obtain an open connection from the pool.",
            ),
            timeouts: meter
                .u64_counter(DB_CLIENT_CONNECTION_TIMEOUTS)
                .with_unit("{timeout}")
                .with_description(
                    "The number of connection timeouts that have occurred trying to obtain a \
                     connection from the pool.",
                )
                .build(),
        }
    }
}
