//! What is exported to more than one place.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::exporter::{Console, Health, OtlpExporter};

/// The exporters of a signal that take what the SDK pushes. They share one queue, and what counts as
/// exported is what the collector takes, where there is one.
#[derive(Debug)]
pub(crate) struct Destinations {
    otlp: Option<OtlpExporter>,
    console: Option<Console>,
}

impl Destinations {
    /// `None` when there is no destination.
    pub(crate) fn new(
        otlp: Option<OtlpExporter>,
        has_console: bool,
        health: &Arc<Health>,
    ) -> Option<Self> {
        let console = has_console.then(|| match otlp {
            // What is counted there is of no interest.
            Some(_) => Console::new(&Arc::default()),
            None => Console::new(health),
        });
        (otlp.is_some() || has_console).then_some(Self { otlp, console })
    }
}

impl SpanExporter for Destinations {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        match (&self.otlp, &self.console) {
            (Some(otlp), Some(console)) => {
                SpanExporter::export(console, batch.clone()).await?;
                SpanExporter::export(otlp, batch).await
            }
            (Some(otlp), None) => SpanExporter::export(otlp, batch).await,
            (None, Some(console)) => SpanExporter::export(console, batch).await,
            (None, None) => Ok(()),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(otlp) = &mut self.otlp {
            SpanExporter::set_resource(otlp, resource);
        }
    }
}

impl LogExporter for Destinations {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        match (&self.otlp, &self.console) {
            (Some(otlp), Some(console)) => {
                let records: Vec<_> = batch.iter().collect();
                LogExporter::export(console, LogBatch::new(&records)).await?;
                LogExporter::export(otlp, batch).await
            }
            (Some(otlp), None) => LogExporter::export(otlp, batch).await,
            (None, Some(console)) => LogExporter::export(console, batch).await,
            (None, None) => Ok(()),
        }
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(otlp) = &mut self.otlp {
            LogExporter::set_resource(otlp, resource);
        }
    }
}

impl PushMetricExporter for Destinations {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        if let Some(console) = &self.console {
            PushMetricExporter::export(console, metrics).await?;
        }
        match &self.otlp {
            Some(otlp) => PushMetricExporter::export(otlp, metrics).await,
            None => Ok(()),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        let otlp = self.otlp.as_ref();
        otlp.map_or(Temporality::Cumulative, PushMetricExporter::temporality)
    }
}
