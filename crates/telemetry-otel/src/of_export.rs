//! What export itself is made of.

use crate::exporter::LOGGER;

/// The crates of export: what they log and record is not exported, or each export would give
/// cause to the next.
const CRATES: [&str; 10] = [
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "reqwest",
    "rustls",
    LOGGER,
    "tonic",
    "tower",
    "want",
];

/// Says whether a target is one of these crates, or within one.
pub(crate) fn is_target(target: &str) -> bool {
    let krate = target.split(':').next().unwrap_or(target);
    CRATES.contains(&krate) || krate.starts_with("opentelemetry")
}
