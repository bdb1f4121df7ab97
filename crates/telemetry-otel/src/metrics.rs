//! Metrics of telemetry itself.
//!
//! Those of export have the names of the semantic conventions for SDKs. Each series is there with 0
//! from the start.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider as _};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_semantic_conventions::attribute::{
    OTEL_COMPONENT_NAME, OTEL_COMPONENT_TYPE, SERVER_ADDRESS, SERVER_PORT,
};
use opentelemetry_semantic_conventions::metric::{
    OTEL_SDK_EXPORTER_LOG_EXPORTED, OTEL_SDK_EXPORTER_LOG_INFLIGHT,
    OTEL_SDK_EXPORTER_METRIC_DATA_POINT_EXPORTED, OTEL_SDK_EXPORTER_METRIC_DATA_POINT_INFLIGHT,
    OTEL_SDK_EXPORTER_SPAN_EXPORTED, OTEL_SDK_EXPORTER_SPAN_INFLIGHT,
    OTEL_SDK_PROCESSOR_LOG_PROCESSED, OTEL_SDK_PROCESSOR_LOG_QUEUE_CAPACITY,
    OTEL_SDK_PROCESSOR_LOG_QUEUE_SIZE, OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
    OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY, OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
};
use telemetry_core::{names, statistics};

use crate::config::{OtelConfig, Protocol, Signal};
use crate::exporter::{Destination, Health, LossCause};

const LOG_DROPPED_LINES: &str = "telemetry.log.dropped_lines";
/// The `error.type` of what was dropped because too many waited.
const QUEUE_FULL: &str = "queue_full";

/// The names of the exporter's metrics of a signal.
struct ExporterNames {
    exported: &'static str,
    in_flight: &'static str,
    unit: &'static str,
    /// The signal in the types of components.
    noun: &'static str,
}

/// The names of the processor's metrics of a signal.
struct ProcessorNames {
    processed: &'static str,
    queue_size: &'static str,
    queue_capacity: &'static str,
    component: &'static str,
}

const SPAN_EXPORTER: ExporterNames = ExporterNames {
    exported: OTEL_SDK_EXPORTER_SPAN_EXPORTED,
    in_flight: OTEL_SDK_EXPORTER_SPAN_INFLIGHT,
    unit: "{span}",
    noun: "span",
};
const METRIC_EXPORTER: ExporterNames = ExporterNames {
    exported: OTEL_SDK_EXPORTER_METRIC_DATA_POINT_EXPORTED,
    in_flight: OTEL_SDK_EXPORTER_METRIC_DATA_POINT_INFLIGHT,
    unit: "{data_point}",
    noun: "metric",
};
const LOG_EXPORTER: ExporterNames = ExporterNames {
    exported: OTEL_SDK_EXPORTER_LOG_EXPORTED,
    in_flight: OTEL_SDK_EXPORTER_LOG_INFLIGHT,
    unit: "{log_record}",
    noun: "log",
};
const SPAN_PROCESSOR: ProcessorNames = ProcessorNames {
    processed: OTEL_SDK_PROCESSOR_SPAN_PROCESSED,
    queue_size: OTEL_SDK_PROCESSOR_SPAN_QUEUE_SIZE,
    queue_capacity: OTEL_SDK_PROCESSOR_SPAN_QUEUE_CAPACITY,
    component: "batching_span_processor",
};
const LOG_PROCESSOR: ProcessorNames = ProcessorNames {
    processed: OTEL_SDK_PROCESSOR_LOG_PROCESSED,
    queue_size: OTEL_SDK_PROCESSOR_LOG_QUEUE_SIZE,
    queue_capacity: OTEL_SDK_PROCESSOR_LOG_QUEUE_CAPACITY,
    component: "batching_log_processor",
};

/// Registers them with the provider, which keeps them. Those of export are of the signals that are
/// exported.
pub(crate) fn register(provider: &SdkMeterProvider, health: &Arc<Health>, otel: &OtelConfig) {
    let meter = provider.meter_with_scope(telemetry_core::instrumentation_scope!());
    meter
        .u64_observable_counter(LOG_DROPPED_LINES)
        .with_unit("{line}")
        .with_description("Log lines lost: the buffer was full, or the output refused them.")
        .with_callback(|observer| observer.observe(statistics().dropped, &[]))
        .build();
    let spans = otel.span_batches().max_queue_size();
    let records = otel.log_batches().max_queue_size();
    for (signal, exporter, processor) in [
        (Signal::Traces, SPAN_EXPORTER, Some((SPAN_PROCESSOR, spans))),
        (Signal::Metrics, METRIC_EXPORTER, None),
        (Signal::Logs, LOG_EXPORTER, Some((LOG_PROCESSOR, records))),
    ] {
        if otel.exports(signal) {
            register_exporter(&meter, health, signal, &exporter);
            if let Some((names, capacity)) = processor {
                register_processor(&meter, health, signal, &names, capacity);
            }
        }
    }
}

fn register_exporter(meter: &Meter, health: &Arc<Health>, signal: Signal, names: &ExporterNames) {
    let component = exporter_attributes(health.destination(signal), names.noun);
    let lost = LossCause::ALL.map(|cause| (cause, with_error(&component, cause.error_type())));
    let (counted, attributes) = (Arc::clone(health), component.clone());
    meter
        .u64_observable_counter(names.exported)
        .with_unit(names.unit)
        .with_description("What was exported, or lost in it (with error.type).")
        .with_callback(move |observer| {
            observer.observe(counted.all_sent(signal), &attributes);
            for (cause, attributes) in &lost {
                observer.observe(counted.all_lost(signal, *cause), attributes);
            }
        })
        .build();
    let counted = Arc::clone(health);
    meter
        .i64_observable_up_down_counter(names.in_flight)
        .with_unit(names.unit)
        .with_description("What is being exported.")
        .with_callback(move |observer| {
            observer.observe(counted.in_flight(signal) as i64, &component);
        })
        .build();
}

fn register_processor(
    meter: &Meter,
    health: &Arc<Health>,
    signal: Signal,
    names: &ProcessorNames,
    capacity: usize,
) {
    let unit = match signal {
        Signal::Traces => SPAN_EXPORTER.unit,
        Signal::Metrics | Signal::Logs => LOG_EXPORTER.unit,
    };
    let component = component_attributes(names.component);
    let dropped = with_error(&component, QUEUE_FULL);
    let (counted, attributes) = (Arc::clone(health), component.clone());
    meter
        .u64_observable_counter(names.processed)
        .with_unit(unit)
        .with_description("What was given to the exporter, or dropped (with error.type).")
        .with_callback(move |observer| {
            observer.observe(counted.all_submitted(signal), &attributes);
            observer.observe(counted.dropped(signal), &dropped);
        })
        .build();
    let (counted, attributes) = (Arc::clone(health), component.clone());
    meter
        .i64_observable_up_down_counter(names.queue_size)
        .with_unit(unit)
        .with_description("What waits to be given to the exporter.")
        .with_callback(move |observer| {
            observer.observe(counted.waiting(signal) as i64, &attributes);
        })
        .build();
    meter
        .i64_observable_up_down_counter(names.queue_capacity)
        .with_unit(unit)
        .with_description("How much may wait.")
        .with_callback(move |observer| observer.observe(capacity as i64, &component))
        .build();
}

/// The attributes of an exporter, by the conventions' types of components.
fn exporter_attributes(destination: Option<&Destination>, noun: &str) -> Vec<KeyValue> {
    let protocol = match destination.map(|destination| destination.protocol) {
        Some(Protocol::Grpc) => "otlp_grpc",
        Some(Protocol::HttpProtobuf) => "otlp_http",
        Some(Protocol::HttpJson) => "otlp_http_json",
        None => "console",
    };
    let mut attributes = component_attributes(&format!("{protocol}_{noun}_exporter"));
    if let Some(Destination { address, port, .. }) = destination {
        attributes.push(KeyValue::new(SERVER_ADDRESS, address.clone()));
        attributes.push(KeyValue::new(SERVER_PORT, i64::from(*port)));
    }
    attributes
}

/// The attributes of the one component of this type.
fn component_attributes(kind: &str) -> Vec<KeyValue> {
    vec![
        KeyValue::new(OTEL_COMPONENT_TYPE, kind.to_owned()),
        KeyValue::new(OTEL_COMPONENT_NAME, format!("{kind}/0")),
    ]
}

fn with_error(attributes: &[KeyValue], error_type: &'static str) -> Vec<KeyValue> {
    let error = KeyValue::new(names::ERROR_TYPE, error_type);
    attributes.iter().cloned().chain([error]).collect()
}
