//! Prints what one collection reports: `cargo run -p telemetry-sysmetrics --example figures`.

#![allow(clippy::print_stdout, reason = "it reports on standard output")]

use std::error::Error;
use std::fmt::Display;

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_reader(PeriodicReader::builder(exporter.clone()).build())
        .build();
    telemetry_sysmetrics::register(&provider.meter("figures"));
    provider.force_flush()?;

    let exported = exporter.get_finished_metrics()?;
    let scopes = exported.iter().flat_map(ResourceMetrics::scope_metrics);
    for metric in scopes.flat_map(ScopeMetrics::metrics) {
        match metric.data() {
            AggregatedMetrics::F64(data) => print(metric.name(), data),
            AggregatedMetrics::U64(data) => print(metric.name(), data),
            AggregatedMetrics::I64(data) => print(metric.name(), data),
        }
    }
    Ok(())
}

fn print<T: Copy + Display>(name: &str, data: &MetricData<T>) {
    match data {
        MetricData::Gauge(gauge) => {
            for point in gauge.data_points() {
                println!("{name}{} {}", labels(point.attributes()), point.value());
            }
        }
        MetricData::Sum(sum) => {
            for point in sum.data_points() {
                println!("{name}{} {}", labels(point.attributes()), point.value());
            }
        }
        MetricData::Histogram(_) | MetricData::ExponentialHistogram(_) => {}
    }
}

fn labels<'a>(attributes: impl Iterator<Item = &'a KeyValue>) -> String {
    attributes
        .map(|attribute| format!(" {}={}", attribute.key, attribute.value))
        .collect()
}
