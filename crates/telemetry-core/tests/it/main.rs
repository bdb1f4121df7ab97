//! The behaviour of the core, through the public API.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod baggage;
mod context;
mod errors;
mod hostile;
#[path = "../support/kept.rs"]
mod kept;
mod kit;
mod levels;
mod limits;
mod lines;
mod merging;
mod naming;
mod panics;
mod peers;
mod prefixes;
mod redaction;
mod service;
mod span_levels;
mod spans;
mod spawning;
mod temporary;
mod traceparent;
mod tracestate;
mod tracing_otel;

use std::time::Duration;

use kept::Kept;
use telemetry_core::{Config, LogFormat, Telemetry};

/// The text that `work` logs under these settings, on this thread.
fn text_of(config: Config, work: impl FnOnce()) -> String {
    let kept = Kept::default();
    let telemetry = Telemetry::builder()
        .with_config(config)
        .with_output(kept.clone())
        .build()
        .unwrap();
    telemetry.run(work);
    assert!(telemetry.flush(Duration::from_secs(10)));
    kept.take()
}

/// The JSON lines that `work` logs, without the timestamps, and without those of its panics, which
/// another thread writes.
fn lines_of(work: impl FnOnce()) -> Vec<String> {
    let config = Config::default()
        .with_format(LogFormat::Json)
        .with_level(tracing::Level::TRACE);
    text_of(config, work)
        .lines()
        .filter(|line| !line.contains(r#""event":"work_panicked""#))
        .map(|line| {
            assert_is_timestamp(&line[..42]);
            format!("{{{}", &line[43..])
        })
        .collect()
}

/// The one JSON line that `work` logs, without the timestamp.
fn line_of(work: impl FnOnce()) -> String {
    let mut lines = lines_of(work);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    lines.remove(0)
}

/// Checks `{"timestamp":"2024-01-15T10:23:45.123456Z"`.
fn assert_is_timestamp(text: &str) {
    let shape: String = text
        .chars()
        .map(|character| {
            if character.is_ascii_digit() {
                '0'
            } else {
                character
            }
        })
        .collect();
    assert_eq!(shape, r#"{"timestamp":"0000-00-00T00:00:00.000000Z""#);
}
