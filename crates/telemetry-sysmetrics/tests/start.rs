//! Starting with the global provider: a program of its own, since the provider is global.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry_sdk::metrics::Instrument;
use opentelemetry_sdk::metrics::{
    InMemoryMetricExporter, PeriodicReader, SdkMeterProvider, Stream,
};

static INSTRUMENTS: AtomicUsize = AtomicUsize::new(0);

#[expect(
    clippy::disallowed_methods,
    reason = "an application sets its provider; the binary is this test's own"
)]
#[test]
fn starting_again_registers_nothing_again() {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(exporter.clone()).build())
        .with_view(|instrument: &Instrument| -> Option<Stream> {
            // Those of a container report nothing where it has no limit.
            let always = !instrument.name().starts_with("container.");
            INSTRUMENTS.fetch_add(usize::from(always), Ordering::Relaxed);
            None
        })
        .build();
    opentelemetry::global::set_meter_provider(provider.clone());

    telemetry_sysmetrics::start();
    let once = INSTRUMENTS.load(Ordering::Relaxed);
    assert!(once > 0);
    telemetry_sysmetrics::start();
    assert_eq!(INSTRUMENTS.load(Ordering::Relaxed), once);

    provider.force_flush().unwrap();
    let metrics = exporter.get_finished_metrics().unwrap();
    let scopes: Vec<_> = metrics[0].scope_metrics().collect();
    assert_eq!(scopes.len(), 1);
    assert_eq!(scopes[0].scope().name(), "telemetry-sysmetrics");
    let metrics = scopes[0].metrics();
    let always = metrics.filter(|metric| !metric.name().starts_with("container."));
    assert_eq!(always.count(), once);
}
