//! Metrics in Prometheus' text format.

/// What an exporter gives.
#[derive(Debug)]
pub(crate) struct Metrics(Vec<Sample>);

#[derive(Debug)]
struct Sample {
    name: String,
    /// Between the braces.
    labels: String,
    value: f64,
}

impl Metrics {
    /// Reads lines such as `name{label="value"} 1`; others are left out.
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let samples = lines.filter_map(|line| {
            let (series, value) = line.rsplit_once(' ')?;
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            Some(Sample {
                name: name.to_owned(),
                labels: labels.strip_suffix('}')?.to_owned(),
                value: value.parse().ok()?,
            })
        });
        Self(samples.collect())
    }

    /// Sums what has the name and the labels; NaN where nothing has.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &Sample| {
            let mut labels = labels.iter();
            labels.all(|(label, value)| sample.labels.contains(&format!("{label}=\"{value}\"")))
        };
        let samples = self
            .0
            .iter()
            .filter(|sample| sample.name == name && has(sample));
        let sum = samples.map(|sample| sample.value).reduce(|a, b| a + b);
        sum.unwrap_or(f64::NAN)
    }
}

#[test]
fn samples_are_found_by_name_and_label() {
    let metrics = Metrics::parse("# TYPE a counter\na{x=\"1\",y=\"2\"} 3\na{x=\"2\"} 1e2\nb 5\n");
    assert_eq!(metrics.sum("a", &[("x", "1")]), 3.0);
    assert_eq!(metrics.sum("a", &[]), 103.0);
    assert_eq!(metrics.sum("b", &[]), 5.0);
    assert!(metrics.sum("c", &[]).is_nan());
}
