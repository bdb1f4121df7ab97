//! What crosses with a job, in its metadata: under keys of our own, since Redis keeps the
//! metadata beside fields that apalis has there itself.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use apalis_core::task::metadata::MetadataStore;
use opentelemetry::propagation::{Extractor, Injector};

/// What all keys begin with.
const PREFIX: &str = "telemetry.";
/// When the job is due, in microseconds since the beginning of 1970.
const DUE_AT: &str = "telemetry.due_at";
/// There when the job was not to be run at once.
const DEFERRED: &str = "telemetry.deferred";

/// Takes out what an earlier push left: it must not mix with that of another.
pub(crate) fn clear(metadata: &mut MetadataStore) {
    let ours = metadata.keys().filter(|key| key.starts_with(PREFIX));
    let ours: Vec<_> = ours.cloned().collect();
    for key in ours {
        metadata.remove(&key);
    }
}

/// Says when a job is due, and whether that is later than now.
pub(crate) fn set_due(metadata: &mut MetadataStore, due: Duration, is_deferred: bool) {
    metadata.replace(DUE_AT, due.as_micros().to_string());
    if is_deferred {
        metadata.replace(DEFERRED, "true");
    }
}

/// Whether a job was not to be run at once.
pub(crate) fn is_deferred(metadata: &MetadataStore) -> bool {
    metadata.contains_key(DEFERRED)
}

/// How long ago a job was due; `None` when its metadata does not say, or not in a way that can
/// be believed. Zero when it is not due yet by this clock.
pub(crate) fn latency(metadata: &MetadataStore) -> Option<Duration> {
    let due = Duration::from_micros(metadata.get(DUE_AT)?.parse().ok()?);
    Some(now().saturating_sub(due))
}

/// The time since the beginning of 1970.
pub(crate) fn now() -> Duration {
    // A clock that is set before 1970 is of no use anyway.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
}

/// Metadata as propagators read and write it.
pub(crate) struct Carrier<M>(pub(crate) M);

impl Injector for Carrier<&mut MetadataStore> {
    fn set(&mut self, key: &str, value: String) {
        self.0.replace(prefixed(key), value);
    }
}

impl Extractor for Carrier<&MetadataStore> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(&prefixed(key))
    }

    fn keys(&self) -> Vec<&str> {
        let keys = self.0.keys();
        keys.filter_map(|key| key.strip_prefix(PREFIX)).collect()
    }
}

fn prefixed(key: &str) -> Cow<'static, str> {
    match key {
        // Spares putting together what is looked for in each job.
        "traceparent" => Cow::Borrowed("telemetry.traceparent"),
        "tracestate" => Cow::Borrowed("telemetry.tracestate"),
        "baggage" => Cow::Borrowed("telemetry.baggage"),
        other => Cow::Owned([PREFIX, other].concat()),
    }
}
