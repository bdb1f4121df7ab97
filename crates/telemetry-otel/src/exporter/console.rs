//! Export to the standard error, for people.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::Status;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use telemetry_core::milliseconds;

use crate::config::Signal;
use crate::exporter::Health;

/// Writes one line for each span and log record, and one for each metric, to the standard
/// error: the standard output is the log's.
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
}

impl SpanExporter for Console {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.health.sent(Signal::Traces, batch.len() as u64);
        for span in batch {
            let duration = span.end_time.duration_since(span.start_time);
            let status = match &span.status {
                Status::Unset => String::new(),
                Status::Ok => " ok".to_owned(),
                Status::Error { description } => format!(" error {description:?}"),
            };
            print(format_args!(
                "span {:?} {} {} parent={} {} ms{status}{}",
                span.name,
                span.span_context.trace_id(),
                span.span_context.span_id(),
                span.parent_span_id,
                milliseconds(duration.unwrap_or_default()),
                attributes(&span.attributes),
            ));
        }
        Ok(())
    }
}

impl LogExporter for Console {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        for (record, _scope) in batch.iter() {
            self.health.sent(Signal::Logs, 1);
            let mut text = String::new();
            for (key, value) in record.attributes_iter() {
                text.push_str(&format!(" {key}={value:?}"));
            }
            print(format_args!(
                "log {} {:?}{text}",
                record.severity_text().unwrap_or_default(),
                record.body(),
            ));
        }
        Ok(())
    }
}

impl PushMetricExporter for Console {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        for scope in metrics.scope_metrics() {
            for metric in scope.metrics() {
                let (name, unit) = (metric.name(), metric.unit());
                print(format_args!("metric {name} {unit} {:?}", metric.data()));
            }
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

fn attributes(attributes: &[KeyValue]) -> String {
    let pairs = attributes.iter();
    pairs
        .map(|pair| format!(" {}={}", pair.key, pair.value))
        .collect()
}

fn print(line: std::fmt::Arguments<'_>) {
    // Nobody may be there to read it.
    let _is_read = writeln!(io::stderr(), "otel: {line}");
}
