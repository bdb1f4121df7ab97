//! The metrics of telemetry itself, which are made with the providers that export.

use std::process::{Child, Command, Stdio};

use otlp_test_collector::{Collector, Metric};

/// A program that ends with the test.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What a program that exports tells of its telemetry.
pub(crate) fn metrics() -> Vec<Metric> {
    let collector = Collector::start();
    let directory = tempfile::tempdir().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_dtx-backend"))
        .current_dir(&directory)
        .env_clear()
        .env("DTX_BIND", "127.0.0.1:0")
        .env("OTEL_ENABLED", "true")
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
        .env("OTEL_METRIC_EXPORT_INTERVAL", "100")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let _program = Program(child.unwrap());
    // An export has all.
    collector.wait_for_metric("telemetry.log.dropped_lines");
    let mut metrics = collector.metrics();
    let is_own = |name: &str| name.starts_with("telemetry.") || name.starts_with("otel.sdk.");
    metrics.retain(|metric| is_own(&metric.name));
    metrics
}
