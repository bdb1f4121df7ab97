//! What statements and pools are recorded with.

use opentelemetry::global::{self, BoxedTracer};
use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry_semantic_conventions::attribute::{
    DB_COLLECTION_NAME, DB_NAMESPACE, DB_OPERATION_NAME, DB_QUERY_SUMMARY, DB_RESPONSE_STATUS_CODE,
};
use opentelemetry_semantic_conventions::metric::{
    DB_CLIENT_CONNECTION_TIMEOUTS, DB_CLIENT_CONNECTION_WAIT_TIME, DB_CLIENT_OPERATION_DURATION,
};
use telemetry_core::Instruments;
use telemetry_core::instrument::BoundedNames;

use crate::{instrumentation, pool_metrics};

/// There are none as long as nothing exports.
pub(crate) static INSTRUMENTS: Instruments<SqlInstruments> = Instruments::new(SqlInstruments::make);

/// What statements may have of these on `db.client.operation.duration`: an application may make up
/// tables as it runs, and an SQL function codes.
pub(crate) static NAMESPACES: BoundedNames = BoundedNames::new(DB_NAMESPACE);
pub(crate) static OPERATIONS: BoundedNames = BoundedNames::new(DB_OPERATION_NAME);
pub(crate) static COLLECTIONS: BoundedNames = BoundedNames::new(DB_COLLECTION_NAME);
pub(crate) static SUMMARIES: BoundedNames = BoundedNames::new(DB_QUERY_SUMMARY);
pub(crate) static CODES: BoundedNames = BoundedNames::new(DB_RESPONSE_STATUS_CODE);

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
        let timeouts = meter
            .u64_counter(DB_CLIENT_CONNECTION_TIMEOUTS)
            .with_unit("{timeout}")
            .with_description(
                "The number of connection timeouts that have occurred trying to obtain a \
                     connection from the pool.",
            )
            .build();
        pool_metrics::begin_timeouts(&timeouts);
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
            timeouts,
        }
    }
}
