//! The names in an expression of PromQL. Whether it is a valid one, `promtool` says.

use std::collections::BTreeSet;

/// Words that are neither metrics nor labels. Functions are told by their parenthesis, which comes
/// later where an aggregation says its labels first.
const KEYWORDS: [&str; 10] = [
    "and", "avg", "bool", "max", "min", "offset", "or", "sum", "topk", "unless",
];

/// The names in an expression.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) metrics: BTreeSet<String>,
    pub(super) labels: BTreeSet<String>,
}

impl Names {
    /// Reads an expression.
    pub(super) fn of(expression: &str) -> Self {
        let mut names = Self::default();
        let mut rest = expression;
        while let Some(c) = rest.chars().next() {
            if c == '{' {
                let (matchers, after) = until(&rest[1..], '}');
                names.matchers(matchers);
                rest = after;
            } else if c == '[' {
                (_, rest) = until(&rest[1..], ']');
            } else if c.is_ascii_alphabetic() || c == '_' {
                let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                rest = after.trim_start();
                if ["by", "on", "ignoring", "without"].contains(&word) {
                    let (labels, after) = until(&rest[1..], ')');
                    let labels = labels.split(',').map(|label| label.trim().to_owned());
                    names.labels.extend(labels);
                    rest = after;
                } else if !rest.starts_with('(') && !KEYWORDS.contains(&word) {
                    names.metrics.insert(word.to_owned());
                }
            } else if c.is_ascii_digit() {
                // `5m` is a number with a unit.
                rest = rest.trim_start_matches(|c| is_word(c) || c == '.');
            } else {
                rest = &rest[c.len_utf8()..];
            }
        }
        names
    }

    /// Reads what is between braces. A pattern for the name is of one name with `(_total)?`.
    fn matchers(&mut self, mut matchers: &str) {
        while let Some((label, rest)) = matchers.split_once(['=', '!']) {
            let (_, rest) = until(rest, '"');
            let (value, rest) = until(rest, '"');
            let label = label.trim_matches([',', ' ']);
            if label == "__name__" {
                let name = value.strip_suffix("(_total)?").unwrap();
                self.metrics.insert(name.to_owned());
            } else {
                self.labels.insert(label.to_owned());
            }
            matchers = rest;
        }
    }
}

/// Splits at a character, which is in neither part.
fn until(text: &str, end: char) -> (&str, &str) {
    text.split_once(end)
        .unwrap_or_else(|| panic!("no {end} in {text}"))
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == ':'
}

#[test]
fn metrics_and_labels_are_told_apart() {
    let names = Names::of(
        "histogram_quantile(0.95, sum by (job, le) (rate(a_bucket{job=~\"$job\", code!~\"5..\"}[5m])))
           / sum(rate({__name__=~\"b(_total)?\", datname=~\"x\"}[$__rate_interval])) > 1e3
           unless on (instance) max_over_time(c{}[1h]) and d",
    );
    let expected = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(names.metrics, expected(&["a_bucket", "b", "c", "d"]));
    assert_eq!(
        names.labels,
        expected(&["code", "datname", "instance", "job", "le"])
    );
}
