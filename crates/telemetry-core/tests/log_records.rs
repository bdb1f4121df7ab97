//! Records of the `log` crate, with the logger that telemetry sets for the process.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/kept.rs"]
mod kept;

use std::fmt;
use std::time::Duration;

use kept::Kept;
use serde_json::{Value, json};
use telemetry_core::{Config, Environment, LogFormat, Scope, Telemetry, TelemetryGuard};

const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The lines since the last call, without timestamps.
fn lines(telemetry: &TelemetryGuard, kept: &Kept) -> Vec<Value> {
    assert!(telemetry.flush(WRITE_TIMEOUT));
    let text = kept.take();
    let without_timestamp = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().remove("timestamp");
        line
    };
    text.lines().map(without_timestamp).collect()
}

struct Chatty;

impl fmt::Display for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        log::info!(inner = 1; "inner");
        f.write_str("chatty")
    }
}

/// Makes the record of an event that `tracing` makes with its feature `log-always`.
fn log_as_tracing_does(metadata: &tracing::Metadata<'_>, target: &str, text: &str) {
    log::logger().log(
        &log::Record::builder()
            .level(log::Level::Info)
            .target(target)
            .file(metadata.file())
            .line(metadata.line())
            .module_path(metadata.module_path())
            .args(format_args!("{text}"))
            .build(),
    );
}

// The logger of a process is set once: one story, in order.
#[test]
fn records_are_lines_with_their_key_values() {
    let kept = Kept::default();
    let config = Config::default()
        .with_format(LogFormat::Json)
        .with_environment(&Environment::from_iter([(
            "RUST_LOG",
            "noisy=warn,chatty=debug",
        )]));
    let telemetry = Telemetry::builder()
        .with_config(config)
        .with_output(kept.clone())
        .install()
        .unwrap();
    let first = lines(&telemetry, &kept);
    assert_eq!(first.len(), 1, "no warning: {first:#?}");

    // Key-values are fields, typed and redacted.
    log::info!(user = 42, password = "x", ok = true; "kv");
    let none: Option<u8> = None;
    log::warn!(
        target: "old::library",
        ratio = 0.5, list:? = ["a"], shown:% = 'c', none:?, below = -1, event = "mine",
        url = "redis://u:p@h/0", user = 1, user = 2;
        "more {}", 1
    );
    assert_eq!(
        lines(&telemetry, &kept),
        [
            json!({
                "level": "info", "logger": "log_records", "event": "kv",
                "field.user": 42, "password": "[redacted]", "ok": true,
            }),
            json!({
                "level": "warning", "logger": "old::library", "event": "more 1",
                "ratio": 0.5, "list": "[\"a\"]", "shown": "c", "none": "None", "below": -1,
                "field.event": "mine", "url": "redis://[redacted]@h/0", "field.user": 2,
            }),
        ]
    );

    // They win over spans and the context, which are there too.
    Scope::builder()
        .field("request.id", "abc")
        .field("a", 1)
        .build()
        .in_scope(|| {
            let _span = tracing::info_span!("s", b = 2, a = 2).entered();
            log::info!(a = 3; "x");
            log::info!("y");
        });
    let with_context = lines(&telemetry, &kept);
    assert_eq!(
        with_context[0],
        json!({"level": "info", "logger": "log_records", "event": "x", "a": 3, "b": 2, "request.id": "abc"})
    );
    assert_eq!(with_context[1]["a"], 2);

    // The level and the directives hold.
    log::debug!(a = 1; "below the level");
    log::info!(target: "noisy", "quieted by a directive");
    log::info!(target: "sqlx::query", "quieted as a library");
    log::debug!(target: "chatty", "asked_for");
    let filtered = lines(&telemetry, &kept);
    assert_eq!(filtered.len(), 1, "{filtered:#?}");
    assert_eq!(filtered[0]["event"], "asked_for");

    // A record that is logged while another is written keeps its own.
    log::info!(outer:% = Chatty, last = 2; "{Chatty}");
    let lines_of_both = lines(&telemetry, &kept);
    for line in &lines_of_both {
        let own = if line["event"] == "inner" {
            "inner"
        } else {
            "outer"
        };
        assert!(line.get(own).is_some(), "{line}");
        assert!(
            line.get("inner").is_none() || line.get("outer").is_none(),
            "{line}"
        );
    }
    assert_eq!(lines_of_both.last().unwrap()["last"], 2);

    // Records that `tracing` made of its own events and spans are no lines.
    let span = tracing::info_span!("sp", password = "hunter2");
    tracing::info!(answer = 1, token = "SECRET", "hello");
    let metadata = span.metadata().unwrap();
    log_as_tracing_does(
        metadata,
        metadata.target(),
        "++ sp; password=\"hunter2\" span=1",
    );
    log_as_tracing_does(metadata, "tracing::span", "-- sp; span=1");
    let event = lines(&telemetry, &kept);
    assert_eq!(event.len(), 1, "{event:#?}");
    assert_eq!(event[0]["token"], "[redacted]");

    // Those of other bridges are, whose places are no constants either.
    let elsewhere = log::Record::builder()
        .level(log::Level::Info)
        .target("python")
        .file(Some("main.py"))
        .line(Some(1))
        .module_path(Some("main"))
        .args(format_args!("bridged"))
        .build();
    log::logger().log(&elsewhere);
    let bridged = lines(&telemetry, &kept);
    assert_eq!(bridged.len(), 1, "{bridged:#?}");
    assert_eq!(bridged[0]["logger"], "python");
}
