//! Installation for the whole process: one story, told in order in a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/kept.rs"]
mod kept;

use std::fmt;
use std::time::Duration;

use kept::Kept;
use serde_json::Value;
use telemetry_core::{Config, Environment, HttpNames, Scope, Telemetry, statistics};

/// The lines since the last call.
fn lines_of(kept: &Kept) -> Vec<Value> {
    let text = kept.take();
    let lines = text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

struct Chatty;

impl fmt::Display for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        tracing::info!(inner = true, "inner");
        f.write_str("chatty")
    }
}

#[tokio::test]
async fn telemetry_is_installed_once_and_says_so() {
    const PATIENCE: Duration = Duration::from_secs(10);
    let kept = Kept::default();
    let config = Config::default()
        .with_service_name("default-name")
        .with_redacted_keys(["steamGuard"])
        .with_environment(&Environment::from_iter([
            ("NODE_ENV", "prod"),
            ("LOG_LEVEL", "verbose"),
            ("OTEL_SERVICE_NAME", "dtx"),
            ("OTEL_ENABLED", "yes"),
            ("OTEL_SEMCONV_STABILITY_OPT_IN", "http"),
        ]));
    let telemetry = Telemetry::builder()
        .with_config(config)
        .with_output(kept.clone())
        .install()
        .unwrap();

    // What it says at first.
    assert!(telemetry.flush(PATIENCE));
    let lines = lines_of(&kept);
    let first = &lines[0];
    assert_eq!(first["event"], "telemetry_initialized");
    assert_eq!(first["level"], "info");
    assert_eq!(first["logger"], "telemetry_core");
    assert_eq!(first["otel_enabled"], false);
    assert_eq!(first["log_format"], "json");
    assert_eq!(first["log_level"], "info");
    assert_eq!(first["service_name"], "dtx");
    let warnings: Vec<_> = lines[1..]
        .iter()
        .map(|line| {
            assert_eq!(line["event"], "telemetry_config_warning");
            assert_eq!(line["level"], "warning");
            ["variable", "problem", "using"].map(|key| line[key].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        warnings,
        [
            [
                "LOG_LEVEL",
                "\"verbose\" is not one of TRACE, DEBUG, INFO, WARNING, ERROR",
                "info"
            ],
            [
                "OTEL_ENABLED",
                "this program is built without OpenTelemetry export",
                "false"
            ],
        ]
    );
    assert_eq!(telemetry_core::http_names(), HttpNames::Stable);

    // A second installation does nothing, and its end ends nothing.
    let other = Kept::default();
    let second = Telemetry::builder()
        .with_config(Config::default())
        .with_output(other.clone())
        .install()
        .unwrap();
    assert!(second.flush(PATIENCE));
    drop(second);
    assert!(telemetry_core::init().unwrap().shutdown(PATIENCE).await);
    tracing::info!("still_here");
    assert!(telemetry.flush(PATIENCE));
    assert_eq!(lines_of(&kept)[0]["event"], "still_here");
    assert!(lines_of(&other).is_empty());

    // The test kit sees what is logged as well.
    let logs = telemetry_core::testing::capture_logs();
    tracing::debug!("captured_below_the_level");
    assert_eq!(logs.events().len(), 1);
    drop(logs);

    // Records of the `log` crate are lines too, with the context, and filtered.
    Scope::builder()
        .field("request.id", "abc")
        .build()
        .in_scope(|| {
            log::warn!(target: "old::library", "from {}", "log");
            log::debug!(target: "old::library", "not shown");
            log::info!(target: "hyper::client", "quieted");
        });
    assert!(telemetry.flush(PATIENCE));
    let lines = lines_of(&kept);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    let mut line = lines[0].clone();
    line.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(
        line,
        serde_json::json!({"level": "warning", "logger": "old::library", "event": "from log", "request.id": "abc"})
    );

    // A value that logs while it is formatted gives whole lines: its own, one for each
    // layer that formats it, and the outer one.
    Scope::builder()
        .field("a", 1)
        .build()
        .in_scope(|| tracing::info!(value = %Chatty, "outer"));
    assert!(telemetry.flush(PATIENCE));
    let lines = lines_of(&kept);
    let (outer, inner) = lines.split_last().unwrap();
    assert_eq!((&outer["event"], &outer["a"]), (&"outer".into(), &1.into()));
    assert_eq!(outer["value"], "chatty");
    assert!(!inner.is_empty());
    for line in inner {
        assert_eq!((&line["event"], &line["a"]), (&"inner".into(), &1.into()));
    }

    // The list of secrets is extended for the whole process.
    tracing::info!(steam_guard = "12345", "x");
    assert!(telemetry.flush(PATIENCE));
    assert_eq!(lines_of(&kept)[0]["steam_guard"], "[redacted]");

    // What is counted adds up, and shutdown writes all that was accepted.
    for number in 0..10_000 {
        tracing::info!(number, "counted");
    }
    assert!(telemetry.shutdown(PATIENCE).await);
    assert_eq!(lines_of(&kept).len(), 10_000);
    let statistics = statistics();
    assert_eq!((statistics.dropped, statistics.waiting), (0, 0));
    assert!(statistics.written > 10_000);

    // Later lines are still written.
    tracing::error!("after_the_end");
    let deadline = std::time::Instant::now() + PATIENCE;
    while telemetry_core::statistics().waiting > 0 && std::time::Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    assert_eq!(lines_of(&kept)[0]["event"], "after_the_end");
}
