//! Measures what one collection costs: `cargo run --release -p telemetry-sysmetrics --example
//! collection [COLLECTIONS]`.
//!
//! Between two collections it sleeps for as long as a reading is reused, so that each one reads
//! everything. The second figure is that of collections which reuse the reading: it is the share
//! of the SDK.

#![allow(clippy::print_stdout, reason = "it reports on standard output")]

use std::error::Error;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Temporality,
};

/// Longer than a reading is reused.
const PAUSE: Duration = Duration::from_millis(205);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let collections = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 200,
    };
    let reader = SharedReader(Arc::new(ManualReader::default()));
    let provider = SdkMeterProvider::builder()
        .with_reader(reader.clone())
        .build();
    telemetry_sysmetrics::register(&provider.meter("measured"));

    let reading = measure(&reader, collections, PAUSE)?;
    let reusing = measure(&reader, collections, Duration::ZERO)?;
    println!("{collections} collections: median, and what nine of ten stay below");
    println!("  reading: {} µs, {} µs", reading.0, reading.1);
    println!("  reusing: {} µs, {} µs", reusing.0, reusing.1);
    Ok(())
}

/// Returns the median of that many collections, and what all but a tenth stay below, in
/// microseconds.
fn measure(
    reader: &SharedReader,
    collections: usize,
    pause: Duration,
) -> Result<(u128, u128), Box<dyn Error>> {
    let mut metrics = ResourceMetrics::default();
    let mut times = Vec::with_capacity(collections);
    for _ in 0..collections {
        thread::sleep(pause);
        let begun = Instant::now();
        reader.collect(&mut metrics)?;
        times.push(begun.elapsed().as_micros());
    }
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().ok_or("nothing was measured");
    Ok((at(collections / 2)?, at(collections * 9 / 10)?))
}

/// A reader that the provider and this program have in common.
#[derive(Clone, Debug)]
struct SharedReader(Arc<ManualReader>);

impl MetricReader for SharedReader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}
