//! Metrics.

use opentelemetry_proto::tonic::metrics::v1 as proto;
use proto::metric::Data;

use super::{Point, Resource, Scope};
use crate::value::Value;

/// One export of a metric: it comes anew with each collection.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Metric {
    /// Its name.
    pub name: String,
    /// Its description; empty if none was given.
    pub description: String,
    /// Its unit; empty if none was given.
    pub unit: String,
    /// What kind of metric it is.
    pub kind: MetricKind,
    /// Its data points, one for each set of attributes.
    pub points: Vec<Point>,
    /// The resource that made it.
    pub resource: Resource,
    /// The instrumentation scope that made it.
    pub scope: Scope,
}

impl Metric {
    /// The first point that has this attribute with this value.
    #[must_use]
    pub fn point_with<T>(&self, attribute: &str, value: &T) -> Option<&Point>
    where
        T: ?Sized,
        Value: PartialEq<T>,
    {
        self.points.iter().find(|point| {
            let found = point.attributes.get(attribute);
            found.is_some_and(|found| found == value)
        })
    }

    pub(crate) fn all(sent: Vec<proto::ResourceMetrics>) -> Vec<Self> {
        let mut metrics = Vec::new();
        for group in sent {
            let resource = Resource::new(group.resource, group.schema_url);
            for group in group.scope_metrics {
                let scope = Scope::new(group.scope, group.schema_url);
                let converted = group.metrics.into_iter();
                metrics.extend(converted.map(|metric| Self::new(metric, &resource, &scope)));
            }
        }
        metrics
    }

    fn new(metric: proto::Metric, resource: &Resource, scope: &Scope) -> Self {
        let (kind, points) = match metric.data {
            None => (MetricKind::Empty, Vec::new()),
            Some(Data::Gauge(gauge)) => (
                MetricKind::Gauge,
                points(gauge.data_points, Point::of_number),
            ),
            Some(Data::Sum(sum)) => {
                let kind = MetricKind::Sum {
                    monotonic: sum.is_monotonic,
                    temporality: Temporality::new(sum.aggregation_temporality()),
                };
                (kind, points(sum.data_points, Point::of_number))
            }
            Some(Data::Histogram(histogram)) => {
                let temporality = Temporality::new(histogram.aggregation_temporality());
                let kind = MetricKind::Histogram { temporality };
                (kind, points(histogram.data_points, Point::of_histogram))
            }
            Some(Data::ExponentialHistogram(histogram)) => {
                let temporality = Temporality::new(histogram.aggregation_temporality());
                let kind = MetricKind::ExponentialHistogram { temporality };
                (
                    kind,
                    points(histogram.data_points, Point::of_exponential_histogram),
                )
            }
            Some(Data::Summary(summary)) => (
                MetricKind::Summary,
                points(summary.data_points, Point::of_summary),
            ),
        };
        Self {
            name: metric.name,
            description: metric.description,
            unit: metric.unit,
            kind,
            points,
            resource: resource.clone(),
            scope: scope.clone(),
        }
    }
}

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Without data, which no SDK should send.
    Empty,
    /// The last value.
    Gauge,
    /// A sum.
    Sum {
        /// Whether it can only rise.
        monotonic: bool,
        /// What it counts from.
        temporality: Temporality,
    },
    /// A histogram with given bounds.
    Histogram {
        /// What it counts from.
        temporality: Temporality,
    },
    /// A histogram with exponential bounds.
    ExponentialHistogram {
        /// What it counts from.
        temporality: Temporality,
    },
    /// Quantiles.
    Summary,
}

/// What a sum or histogram counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Temporality {
    /// Not given, which no SDK should send.
    Unspecified,
    /// From the export before.
    Delta,
    /// From the start.
    Cumulative,
}

impl Temporality {
    fn new(temporality: proto::AggregationTemporality) -> Self {
        match temporality {
            proto::AggregationTemporality::Unspecified => Self::Unspecified,
            proto::AggregationTemporality::Delta => Self::Delta,
            proto::AggregationTemporality::Cumulative => Self::Cumulative,
        }
    }
}

fn points<P>(points: Vec<P>, convert: fn(P) -> Point) -> Vec<Point> {
    points.into_iter().map(convert).collect()
}
