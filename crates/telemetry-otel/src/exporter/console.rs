//! Export to the standard error, for people: a line for each span, log record and data point.

mod shown;

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::Status;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::{ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use telemetry_core::milliseconds;

use crate::config::Signal;
use crate::exporter::Health;

/// Writes one line for each span, log record and data point of a metric to the standard error: the
/// standard output is the log's.
#[derive(Debug)]
pub(crate) struct Console {
    health: Arc<Health>,
}

impl Console {
    pub(crate) fn new(health: &Arc<Health>) -> Self {
        Self {
            health: Arc::clone(health),
        }
    }

    fn print(&self, signal: Signal, line: std::fmt::Arguments<'_>) {
        // Nobody may be there to read it.
        let _is_read = writeln!(io::stderr(), "otel: {line}");
        self.health.sent(signal, 1);
    }
}

impl SpanExporter for Console {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.health.submitted(Signal::Traces, batch.len() as u64);
        for span in batch {
            let duration = span.end_time.duration_since(span.start_time);
            let status = match &span.status {
                Status::Unset => String::new(),
                Status::Ok => " ok".to_owned(),
                Status::Error { description } => format!(" error {description:?}"),
            };
            self.print(
                Signal::Traces,
                format_args!(
                    "span {:?} {} {} parent={} {} ms{status}{}",
                    span.name,
                    span.span_context.trace_id(),
                    span.span_context.span_id(),
                    span.parent_span_id,
                    milliseconds(duration.unwrap_or_default()),
                    shown::attributes(&span.attributes),
                ),
            );
        }
        Ok(())
    }
}

impl LogExporter for Console {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        self.health
            .submitted(Signal::Logs, batch.iter().count() as u64);
        for (record, _scope) in batch.iter() {
            self.print(
                Signal::Logs,
                format_args!(
                    "log {} {}{}",
                    record.severity_text().unwrap_or_default(),
                    record.body().map(shown::any_value).unwrap_or_default(),
                    shown::any_attributes(record.attributes_iter()),
                ),
            );
        }
        Ok(())
    }
}

impl PushMetricExporter for Console {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let scopes = metrics.scope_metrics();
        let lines: Vec<_> = scopes
            .flat_map(ScopeMetrics::metrics)
            .flat_map(shown::data_points)
            .collect();
        let count = lines.len() as u64;
        self.health.made(Signal::Metrics, count);
        self.health.submitted(Signal::Metrics, count);
        for line in lines {
            self.print(Signal::Metrics, format_args!("metric {line}"));
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        Temporality::Cumulative
    }
}
