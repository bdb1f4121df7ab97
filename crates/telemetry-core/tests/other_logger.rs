//! A process that has a logger of the `log` crate before telemetry is installed.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/kept.rs"]
mod kept;

use std::time::Duration;

use kept::Kept;
use telemetry_core::{Config, LogFormat, Telemetry};

struct OtherLogger;

impl log::Log for OtherLogger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, _: &log::Record<'_>) {}

    fn flush(&self) {}
}

#[test]
fn records_that_go_elsewhere_are_one_warning() {
    log::set_logger(&OtherLogger).unwrap();
    log::set_max_level(log::LevelFilter::Warn);
    let kept = Kept::default();
    let telemetry = Telemetry::builder()
        .with_config(Config::default().with_format(LogFormat::Json))
        .with_output(kept.clone())
        .install()
        .unwrap();
    assert!(telemetry.flush(Duration::from_secs(10)));
    let text = kept.take();
    let warnings: Vec<_> = text
        .lines()
        .filter(|line| line.contains("telemetry_config_warning"))
        .collect();
    assert_eq!(warnings.len(), 1, "{text}");
    assert!(
        warnings[0].ends_with(
            r#""variable":"log","problem":"the process has another logger for the `log` crate already: install telemetry first","using":"that logger for records of the `log` crate"}"#
        ),
        "{text}"
    );
    // Its settings stay as they were.
    assert_eq!(log::max_level(), log::LevelFilter::Warn);
}
