//! Data points of metrics.

use std::time::SystemTime;

use opentelemetry_proto::tonic::metrics::v1 as proto;

use super::{id, time};
use crate::value::Attributes;

/// A data point of a metric.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// Its attributes.
    pub attributes: Attributes,
    /// When counting began, if that was sent.
    pub start: Option<SystemTime>,
    /// When it was collected.
    pub time: Option<SystemTime>,
    /// Its value.
    pub value: PointValue,
    /// Examples of what was measured.
    pub exemplars: Vec<Exemplar>,
}

impl Point {
    pub(super) fn of_number(point: proto::NumberDataPoint) -> Self {
        Self {
            attributes: Attributes::new(point.attributes),
            start: time(point.start_time_unix_nano),
            time: time(point.time_unix_nano),
            value: PointValue::Number(point.value.map(|value| match value {
                proto::number_data_point::Value::AsDouble(value) => Number::Float(value),
                proto::number_data_point::Value::AsInt(value) => Number::Integer(value),
            })),
            exemplars: Exemplar::all(point.exemplars),
        }
    }

    pub(super) fn of_histogram(point: proto::HistogramDataPoint) -> Self {
        Self {
            attributes: Attributes::new(point.attributes),
            start: time(point.start_time_unix_nano),
            time: time(point.time_unix_nano),
            value: PointValue::Histogram {
                count: point.count,
                sum: point.sum,
                min: point.min,
                max: point.max,
                bounds: point.explicit_bounds,
                buckets: point.bucket_counts,
            },
            exemplars: Exemplar::all(point.exemplars),
        }
    }

    pub(super) fn of_exponential_histogram(point: proto::ExponentialHistogramDataPoint) -> Self {
        Self {
            attributes: Attributes::new(point.attributes),
            start: time(point.start_time_unix_nano),
            time: time(point.time_unix_nano),
            value: PointValue::ExponentialHistogram {
                count: point.count,
                sum: point.sum,
                min: point.min,
                max: point.max,
                scale: point.scale,
                zeros: point.zero_count,
                positive: Buckets::new(point.positive),
                negative: Buckets::new(point.negative),
            },
            exemplars: Exemplar::all(point.exemplars),
        }
    }

    pub(super) fn of_summary(point: proto::SummaryDataPoint) -> Self {
        let quantiles = point.quantile_values.iter();
        Self {
            value: PointValue::Summary {
                count: point.count,
                sum: point.sum,
                quantiles: quantiles.map(|at| (at.quantile, at.value)).collect(),
            },
            attributes: Attributes::new(point.attributes),
            start: time(point.start_time_unix_nano),
            time: time(point.time_unix_nano),
            exemplars: Vec::new(),
        }
    }
}

/// The value of a data point.
#[derive(Clone, Debug, PartialEq)]
pub enum PointValue {
    /// Of a gauge or a sum; none if the point says that nothing was recorded.
    Number(Option<Number>),
    /// Of a histogram with given bounds.
    Histogram {
        /// How many values there were.
        count: u64,
        /// Their sum.
        sum: Option<f64>,
        /// The least of them.
        min: Option<f64>,
        /// The greatest of them.
        max: Option<f64>,
        /// The upper bounds, inclusive, of all buckets but the last.
        bounds: Vec<f64>,
        /// How many values each bucket has: one more than there are bounds.
        buckets: Vec<u64>,
    },
    /// Of a histogram with exponential bounds.
    ExponentialHistogram {
        /// How many values there were.
        count: u64,
        /// Their sum.
        sum: Option<f64>,
        /// The least of them.
        min: Option<f64>,
        /// The greatest of them.
        max: Option<f64>,
        /// The resolution: bounds are powers of `2^(2^-scale)`.
        scale: i32,
        /// How many values were zero.
        zeros: u64,
        /// The values above zero.
        positive: Buckets,
        /// The values below zero.
        negative: Buckets,
    },
    /// Of a summary.
    Summary {
        /// How many values there were.
        count: u64,
        /// Their sum.
        sum: f64,
        /// Quantiles, between 0 and 1, and their values.
        quantiles: Vec<(f64, f64)>,
    },
}

impl PointValue {
    /// The integer of a gauge or a sum.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Number(Some(Number::Integer(value))) => Some(*value),
            _ => None,
        }
    }

    /// The floating-point number of a gauge or a sum.
    #[must_use]
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Number(Some(Number::Float(value))) => Some(*value),
            _ => None,
        }
    }

    /// How many values a histogram or summary has.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self {
            Self::Number(_) => None,
            Self::Histogram { count, .. }
            | Self::ExponentialHistogram { count, .. }
            | Self::Summary { count, .. } => Some(*count),
        }
    }
}

/// A number, of the type that was sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Float(f64),
}

/// Buckets of an exponential histogram.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Buckets {
    /// The index of the first bucket.
    pub offset: i32,
    /// How many values each bucket has.
    pub counts: Vec<u64>,
}

impl Buckets {
    fn new(buckets: Option<proto::exponential_histogram_data_point::Buckets>) -> Self {
        let buckets = buckets.unwrap_or_default();
        Self {
            offset: buckets.offset,
            counts: buckets.bucket_counts,
        }
    }
}

/// An example of what a data point has measured.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exemplar {
    /// The value measured.
    pub value: Option<Number>,
    /// When it was measured.
    pub time: Option<SystemTime>,
    /// The attributes that the data point does not have.
    pub attributes: Attributes,
    /// The id of the trace in which it was measured.
    pub trace_id: Option<String>,
    /// The id of the span in which it was measured.
    pub span_id: Option<String>,
}

impl Exemplar {
    fn all(exemplars: Vec<proto::Exemplar>) -> Vec<Self> {
        let exemplars = exemplars.into_iter().map(|exemplar| Self {
            value: exemplar.value.map(|value| match value {
                proto::exemplar::Value::AsDouble(value) => Number::Float(value),
                proto::exemplar::Value::AsInt(value) => Number::Integer(value),
            }),
            time: time(exemplar.time_unix_nano),
            attributes: Attributes::new(exemplar.filtered_attributes),
            trace_id: id(&exemplar.trace_id),
            span_id: id(&exemplar.span_id),
        });
        exemplars.collect()
    }
}
