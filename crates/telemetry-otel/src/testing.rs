//! The test kit: captures spans and measurements, each test its own.
//!
//! ```
//! use opentelemetry::KeyValue;
//! use opentelemetry::trace::{Tracer as _, TraceContextExt as _};
//! use telemetry_otel::testing::{capture_metrics, capture_spans};
//!
//! let (spans, metrics) = (capture_spans(), capture_metrics());
//! opentelemetry::global::tracer("example").in_span("draft", |context| {
//!     context.span().set_attribute(KeyValue::new("user.id", 7));
//!     opentelemetry::global::meter("example").u64_counter("picks").build().add(2, &[]);
//! });
//!
//! assert_eq!(spans.tree(), "draft\n");
//! assert_eq!(spans.single("draft")["user.id"], 7);
//! assert_eq!(metrics.values("picks"), [2.0]);
//! ```
//!
//! Spans of `tracing` are captured too, from info on, with the subscriber that the test kit
//! installs. They see what [`capture_logs`] sees: the thread
//! that made them, its tokio runtime, and all that carries a scope of theirs. The ids of
//! traces and spans are counted from 1 in each capture, so that a snapshot of them is the
//! same each time. Captured attributes are those that would be exported: the values of
//! [sensitive](telemetry_core::is_sensitive) keys are `[redacted]`. Every root is sampled; what a parent decided is kept.

mod attributes;
mod metrics;
mod providers;
mod spans;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use opentelemetry::Value;
use telemetry_core::testing::{CaptureId, LogCapture, capture_logs, captures};

pub use attributes::AttributeValue;
pub use metrics::{Measurement, MetricCapture};
pub use spans::{CapturedLink, CapturedSpan, CapturedSpanEvent, SpanCapture};

/// Starts to capture the spans of this test.
///
/// The first call in a process sets OpenTelemetry's global providers.
///
/// # Panics
///
/// As [`capture_logs`].
#[must_use = "spans are captured as long as the capture is kept"]
pub fn capture_spans() -> SpanCapture {
    providers::set();
    SpanCapture::new(Membership::new())
}

/// Starts to capture the measurements of this test.
///
/// The first call in a process sets OpenTelemetry's global providers.
///
/// # Panics
///
/// As [`capture_logs`].
#[must_use = "measurements are captured as long as the capture is kept"]
pub fn capture_metrics() -> MetricCapture {
    providers::set();
    MetricCapture::new(Membership::new())
}

/// Attributes of a [`CapturedSpan`] or a [`Measurement`] by name, to be compared with all that are
/// expected.
///
/// # Panics
///
/// When a name is there twice: a receiver may keep either.
#[track_caller]
#[must_use]
pub fn sorted(attributes: &[(String, AttributeValue)]) -> Vec<(&str, Value)> {
    let attributes = attributes.iter();
    let mut sorted: Vec<_> = attributes
        .map(|(name, value)| (name.as_str(), value.as_value().clone()))
        .collect();
    sorted.sort_by_key(|(name, _)| *name);
    let is_twice = sorted.windows(2).any(|pair| pair[0].0 == pair[1].0);
    assert!(!is_twice, "a name is there twice: {sorted:?}");
    sorted
}

/// What a capture is known by: the innermost that was there already, or one of its own.
#[derive(Debug)]
struct Membership {
    id: CaptureId,
    _own: Option<LogCapture>,
}

impl Membership {
    fn new() -> Self {
        if let Some(id) = captures().first() {
            return Self {
                id: *id,
                _own: None,
            };
        }
        let own = capture_logs();
        // There is one now.
        let id = captures()[0];
        Self {
            id,
            _own: Some(own),
        }
    }
}

/// What has been captured, by capture.
#[derive(Debug)]
struct Captured<T>(LazyLock<Mutex<HashMap<CaptureId, Vec<T>>>>);

impl<T: Clone> Captured<T> {
    const fn new() -> Self {
        Self(LazyLock::new(Mutex::default))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CaptureId, Vec<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: CaptureId) {
        self.lock().entry(id).or_default();
    }

    fn end(&self, id: CaptureId) {
        self.lock().remove(&id);
    }

    /// Gives a record to all captures of these that go on.
    fn push(&self, ids: &[CaptureId], record: &T) {
        let mut captured = self.lock();
        for id in ids {
            if let Some(records) = captured.get_mut(id) {
                records.push(record.clone());
            }
        }
    }

    fn of(&self, id: CaptureId) -> Vec<T> {
        self.lock().get(&id).cloned().unwrap_or_default()
    }
}
