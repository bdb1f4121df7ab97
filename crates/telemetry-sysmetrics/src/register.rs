//! Registering the instruments.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::metrics::Meter;
use opentelemetry::{InstrumentationScope, global};
use opentelemetry_semantic_conventions::SCHEMA_URL;
use tokio::runtime::Handle;

use crate::instruments::Instruments;
use crate::sampler::Sampler;
use crate::snapshot::Sources;
use crate::{container, host, process, runtime};

/// Registers all instruments with the global meter provider. Further calls do nothing.
///
/// Call it after OpenTelemetry's SDK is installed: before that, the provider is a no-op, and
/// what is registered with it stays one. The figures of the tokio runtime are those of the
/// runtime that it is called in; called outside of one, there are none.
pub fn start() {
    static STARTED: AtomicBool = AtomicBool::new(false);

    if !STARTED.swap(true, Ordering::Relaxed) {
        let scope = InstrumentationScope::builder(env!("CARGO_PKG_NAME"))
            .with_version(env!("CARGO_PKG_VERSION"))
            .with_schema_url(SCHEMA_URL)
            .build();
        register(&global::meter_with_scope(scope));
    }
}

/// Registers all instruments with `meter`, for those who keep a provider of their own.
///
/// They last as long as the meter's provider, so there is nothing to hold on to. Call it once
/// for each provider: a second call would report everything twice. The figures of the tokio
/// runtime are those of the runtime that it is called in, if any.
pub fn register(meter: &Meter) {
    let runtime = Handle::try_current().ok().map(|handle| handle.metrics());
    let has_runtime = runtime.is_some();

    // Opened by the first reading, where a panic is caught.
    let mut sources = None;
    let sampler = Sampler::new(move || {
        sources
            .get_or_insert_with(|| Sources::open(runtime.clone()))
            .read()
    });
    register_with(meter, sampler, has_runtime);
}

fn register_with(meter: &Meter, sampler: Sampler, has_runtime: bool) {
    // What the next reading is compared with.
    sampler.snapshot();

    let instruments = Instruments::new(meter, Arc::new(sampler));
    host::register(&instruments);
    process::register(&instruments);
    container::register(&instruments);
    if has_runtime {
        runtime::register(&instruments);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    use opentelemetry::metrics::MeterProvider;
    use opentelemetry_sdk::metrics::data::ResourceMetrics;
    use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

    use super::*;
    use crate::sampler::FRESH_FOR;
    use crate::snapshot::Snapshot;

    /// A provider, and how many metrics a collection has.
    fn provider() -> (SdkMeterProvider, impl Fn() -> usize) {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_reader(PeriodicReader::builder(exporter.clone()).build())
            .build();
        let collecting = provider.clone();
        let collect = move || {
            exporter.reset();
            collecting.force_flush().unwrap();
            let metrics = exporter.get_finished_metrics().unwrap();
            let scopes = metrics.iter().flat_map(ResourceMetrics::scope_metrics);
            scopes.map(|scope| scope.metrics().count()).sum()
        };
        (provider, collect)
    }

    #[test]
    fn all_instruments_of_a_collection_share_one_reading() {
        let (provider, collect) = provider();
        let readings = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&readings);
        let mut sources = Sources::open(None);
        let sampler = Sampler::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            sources.read()
        });
        register_with(&provider.meter("test"), sampler, false);
        assert_eq!(readings.load(Ordering::Relaxed), 1);

        // Collections use the first reading until it is too old; then there is one more.
        let deadline = Instant::now() + FRESH_FOR * 100;
        while readings.load(Ordering::Relaxed) == 1 {
            assert!(Instant::now() < deadline);
            assert!(collect() > 5);
        }
        assert_eq!(readings.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn readings_that_panic_leave_the_reader_alive() {
        let (provider, collect) = provider();
        let sampler = Sampler::new(|| -> Snapshot { panic!("reading fails") });
        register_with(&provider.meter("test"), sampler, true);
        let other = provider.meter("other").u64_counter("other").build();
        other.add(1, &[]);
        assert_eq!(collect(), 1);
        assert_eq!(collect(), 1);
    }
}
