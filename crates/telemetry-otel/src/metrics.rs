//! Metrics of telemetry itself.

use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use telemetry_core::{names, statistics};

use crate::config::Signal;
use crate::exporter::Health;

const LOG_DROPPED_LINES: &str = "telemetry.log.dropped_lines";
const EXPORT_DROPPED: &str = "telemetry.export.dropped_records";
const EXPORT_FAILURES: &str = "telemetry.export.failures";

/// Registers them with the provider, which keeps them.
pub(crate) fn register(provider: &SdkMeterProvider, health: &Arc<Health>) {
    let meter = provider.meter_with_scope(telemetry_core::instrumentation_scope!());
    meter
        .u64_observable_counter(LOG_DROPPED_LINES)
        .with_unit("{line}")
        .with_description("Log lines lost: the buffer was full, or the output refused them.")
        .with_callback(|observer| observer.observe(statistics().dropped, &[]))
        .build();
    for (name, unit, description, count) in [
        (
            EXPORT_FAILURES,
            "{export}",
            "Exports that failed, after all tries.",
            Health::failures as fn(&Health, Signal) -> u64,
        ),
        (
            EXPORT_DROPPED,
            "{record}",
            "Spans and log records that were dropped because too many waited.",
            Health::dropped,
        ),
    ] {
        let health = Arc::clone(health);
        meter
            .u64_observable_counter(name)
            .with_unit(unit)
            .with_description(description)
            .with_callback(move |observer| {
                for signal in Signal::ALL {
                    let attributes = [KeyValue::new(names::EXPORT_SIGNAL, signal.to_string())];
                    observer.observe(count(&health, signal), &attributes);
                }
            })
            .build();
    }
}
