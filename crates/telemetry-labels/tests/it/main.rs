//! The behaviour of label extraction, through the public API.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod agreement;
mod own_rules;
mod rules;
mod vectors;

use telemetry_labels::LabelExtractor;

/// Labels and ids as text, in the order given: what most tests compare.
fn extract(extractor: &LabelExtractor, path: &str) -> (Vec<String>, Vec<(String, String)>) {
    let labels: Vec<_> = extractor.extract(path).collect();
    (
        labels.iter().map(|label| label.name.to_owned()).collect(),
        labels
            .iter()
            .filter_map(|label| label.id)
            .map(|id| (id.key.to_owned(), id.value.to_string()))
            .collect(),
    )
}
