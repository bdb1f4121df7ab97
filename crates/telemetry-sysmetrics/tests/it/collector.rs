//! A provider whose metrics can be looked at.

use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry_sdk::metrics::data::{
    AggregatedMetrics, Metric, MetricData, ResourceMetrics, ScopeMetrics,
};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};

/// A metric as it was exported.
#[derive(Debug)]
pub(crate) struct Exported {
    pub(crate) name: String,
    pub(crate) unit: String,
    pub(crate) description: String,
    pub(crate) kind: &'static str,
    pub(crate) points: Vec<Point>,
}

/// A value and its attributes, as `key=value`.
#[derive(Debug)]
pub(crate) struct Point {
    pub(crate) value: f64,
    pub(crate) attributes: Vec<String>,
}

/// Collects from a provider of its own.
pub(crate) struct Collector {
    exporter: InMemoryMetricExporter,
    provider: SdkMeterProvider,
}

impl Collector {
    pub(crate) fn new() -> Self {
        let exporter = InMemoryMetricExporter::default();
        let provider = SdkMeterProvider::builder()
            .with_reader(PeriodicReader::builder(exporter.clone()).build())
            .build();
        Self { exporter, provider }
    }

    /// One that the system's metrics are registered with.
    pub(crate) fn registered() -> Self {
        let collector = Self::new();
        telemetry_sysmetrics::register(&collector.meter());
        collector
    }

    pub(crate) fn meter(&self) -> Meter {
        self.provider.meter("test")
    }

    /// Collects once.
    pub(crate) fn collect(&self) -> Vec<Exported> {
        self.exporter.reset();
        self.provider.force_flush().unwrap();
        let exported = self.exporter.get_finished_metrics().unwrap();
        exported
            .iter()
            .flat_map(ResourceMetrics::scope_metrics)
            .flat_map(ScopeMetrics::metrics)
            .map(exported_metric)
            .collect()
    }

    /// Collects once, for the sum over the points of one metric.
    pub(crate) fn sum(&self, name: &str) -> f64 {
        let metrics = self.collect();
        let metric = metrics.iter().find(|metric| metric.name == name);
        let points = &metric.unwrap_or_else(|| panic!("no {name}")).points;
        points.iter().map(|point| point.value).sum()
    }
}

fn exported_metric(metric: &Metric) -> Exported {
    let (kind, points) = match metric.data() {
        AggregatedMetrics::F64(data) => points(data, |value| value),
        AggregatedMetrics::U64(data) => points(data, |value| value as f64),
        AggregatedMetrics::I64(data) => points(data, |value| value as f64),
    };
    Exported {
        name: metric.name().to_owned(),
        unit: metric.unit().to_owned(),
        description: metric.description().to_owned(),
        kind,
        points,
    }
}

fn points<T: Copy>(data: &MetricData<T>, value: fn(T) -> f64) -> (&'static str, Vec<Point>) {
    match data {
        MetricData::Gauge(gauge) => {
            let points = gauge.data_points();
            let points = points.map(|point| new_point(value(point.value()), point.attributes()));
            ("gauge", points.collect())
        }
        MetricData::Sum(sum) => {
            let points = sum.data_points();
            let points = points.map(|point| new_point(value(point.value()), point.attributes()));
            let kind = ["up-down counter", "counter"][usize::from(sum.is_monotonic())];
            (kind, points.collect())
        }
        _ => ("histogram", Vec::new()),
    }
}

fn new_point<'a>(
    value: f64,
    attributes: impl Iterator<Item = &'a opentelemetry::KeyValue>,
) -> Point {
    let attributes = attributes.map(|attribute| format!("{}={}", attribute.key, attribute.value));
    Point {
        value,
        attributes: attributes.collect(),
    }
}
