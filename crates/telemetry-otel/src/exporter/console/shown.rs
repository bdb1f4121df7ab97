//! Attributes, values and data points as people read them, in one line.

use std::fmt::Display;

use opentelemetry::logs::AnyValue;
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, Metric, MetricData};

/// Attributes, each behind a space.
pub(super) fn attributes<'a>(attributes: impl IntoIterator<Item = &'a KeyValue>) -> String {
    let pairs = attributes.into_iter();
    pairs
        .map(|pair| format!(" {}={}", pair.key, text(&pair.value.as_str())))
        .collect()
}

/// Attributes of a log record, each behind a space.
pub(super) fn any_attributes<'a>(attributes: impl Iterator<Item = &'a (Key, AnyValue)>) -> String {
    attributes
        .map(|(key, value)| format!(" {key}={}", any_value(value)))
        .collect()
}

/// A value of a log record.
pub(super) fn any_value(value: &AnyValue) -> String {
    match value {
        AnyValue::Int(value) => value.to_string(),
        AnyValue::Double(value) => value.to_string(),
        AnyValue::Boolean(value) => value.to_string(),
        AnyValue::String(value) => text(value.as_str()),
        AnyValue::Bytes(bytes) => format!("({} bytes)", bytes.len()),
        AnyValue::ListAny(values) => {
            let values: Vec<_> = values.iter().map(any_value).collect();
            format!("[{}]", values.join(","))
        }
        AnyValue::Map(values) => {
            let mut pairs: Vec<_> = values
                .iter()
                .map(|(key, value)| format!("{key}={}", any_value(value)))
                .collect();
            pairs.sort_unstable();
            format!("{{{}}}", pairs.join(","))
        }
        // The type may grow.
        _ => String::new(),
    }
}

/// A text as it is, or in quotes with escapes where it has white space, quotes or control characters
/// or is empty: a line stays one, and a terminal obeys none of it.
fn text(text: &str) -> String {
    let is_quoted = |c: char| c.is_whitespace() || c.is_control() || c == '"';
    if text.is_empty() || text.contains(is_quoted) {
        format!("{text:?}")
    } else {
        text.to_owned()
    }
}

/// A line for each data point of a metric: name, unit, values, attributes.
pub(super) fn data_points(metric: &Metric) -> Vec<String> {
    let points = match metric.data() {
        AggregatedMetrics::F64(data) => values(data),
        AggregatedMetrics::U64(data) => values(data),
        AggregatedMetrics::I64(data) => values(data),
    };
    let (name, unit) = (metric.name(), metric.unit());
    let unit = if unit.is_empty() { "1" } else { unit };
    let lines = points.into_iter();
    lines
        .map(|point| format!("{name} {unit} {point}"))
        .collect()
}

fn values<T: Copy + Display>(data: &MetricData<T>) -> Vec<String> {
    match data {
        MetricData::Gauge(gauge) => {
            let points = gauge.data_points();
            points
                .map(|point| format!("{}{}", point.value(), attributes(point.attributes())))
                .collect()
        }
        MetricData::Sum(sum) => {
            let points = sum.data_points();
            points
                .map(|point| format!("{}{}", point.value(), attributes(point.attributes())))
                .collect()
        }
        MetricData::Histogram(histogram) => {
            let points = histogram.data_points();
            points
                .map(|point| {
                    let range = (point.min(), point.max());
                    let values = distribution(point.count(), point.sum(), range);
                    format!("{values}{}", attributes(point.attributes()))
                })
                .collect()
        }
        MetricData::ExponentialHistogram(histogram) => {
            let points = histogram.data_points();
            points
                .map(|point| {
                    let range = (point.min(), point.max());
                    let values = distribution(point.count() as u64, point.sum(), range);
                    format!("{values}{}", attributes(point.attributes()))
                })
                .collect()
        }
    }
}

fn distribution<T: Display>(count: u64, sum: T, range: (Option<T>, Option<T>)) -> String {
    match range {
        (Some(min), Some(max)) => format!("count={count} sum={sum} min={min} max={max}"),
        _ => format!("count={count} sum={sum}"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn values_are_of_one_line_and_without_types_of_libraries() {
        let map = HashMap::from([
            (Key::from("b"), AnyValue::Boolean(true)),
            (Key::from("a"), AnyValue::Bytes(Box::new(vec![1, 2, 3]))),
        ]);
        for (value, shown) in [
            (AnyValue::from("Puck"), "Puck"),
            (AnyValue::from("two words"), "\"two words\""),
            (AnyValue::from("a\nb\u{1b}[31m"), "\"a\\nb\\u{1b}[31m\""),
            (AnyValue::from(""), "\"\""),
            (AnyValue::from(7), "7"),
            (AnyValue::from(0.5), "0.5"),
            (
                AnyValue::ListAny(Box::new(vec!["a".into(), 1.into()])),
                "[a,1]",
            ),
            (AnyValue::Map(Box::new(map)), "{a=(3 bytes),b=true}"),
        ] {
            assert_eq!(any_value(&value), shown);
        }
        let pairs = [KeyValue::new("hero", 7), KeyValue::new("note", "x y")];
        assert_eq!(attributes(&pairs), " hero=7 note=\"x y\"");
    }
}
