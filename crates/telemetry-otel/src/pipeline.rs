//! The providers of the SDK, put together from the settings.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchLogProcessor, LogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanExporter};
use opentelemetry_sdk::{logs, trace};

use crate::config::{BatchSettings, Exporter, OtelConfig, OtlpSettings, Signal};
use crate::exporter::{
    Console, ExportRuntime, Health, Watched, otlp_logs, otlp_metrics, otlp_spans,
};

/// The providers; `None` for a signal that is not exported.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) traces: Option<SdkTracerProvider>,
    pub(crate) metrics: Option<SdkMeterProvider>,
    pub(crate) logs: Option<SdkLoggerProvider>,
    _runtime: ExportRuntime,
}

/// Why export could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PipelineError {
    #[error("cannot start the thread that exports")]
    Thread(#[source] io::Error),
    #[error("cannot make the exporter of {signal}")]
    Exporter {
        signal: Signal,
        source: ExporterBuildError,
    },
}

/// What all exporters share.
struct Parts<'a> {
    config: &'a OtelConfig,
    runtime: ExportRuntime,
    health: Arc<Health>,
}

impl Pipeline {
    /// Puts together what exports each signal. Without any effect on the process but the
    /// threads that it starts.
    ///
    /// # Errors
    ///
    /// When a thread cannot be started, or the settings of an exporter cannot be used.
    pub(crate) fn build(config: &OtelConfig, resource: &Resource) -> Result<Self, PipelineError> {
        let parts = Parts {
            config,
            runtime: ExportRuntime::start().map_err(PipelineError::Thread)?,
            health: Arc::default(),
        };
        Ok(Self {
            traces: parts.traces(resource)?,
            metrics: parts.metrics(resource)?,
            logs: parts.logs(resource)?,
            _runtime: parts.runtime,
        })
    }

    /// What ends, or flushes, each provider: to be done side by side.
    pub(crate) fn each(&self, action: Action) -> Vec<Box<dyn FnOnce() -> OTelSdkResult + Send>> {
        let mut actions: Vec<Box<dyn FnOnce() -> OTelSdkResult + Send>> = Vec::new();
        if let Some(provider) = self.traces.clone() {
            actions.push(Box::new(move || match action {
                Action::Flush => provider.force_flush(),
                Action::Shutdown(deadline) => provider.shutdown_with_timeout(deadline),
            }));
        }
        if let Some(provider) = self.metrics.clone() {
            actions.push(Box::new(move || match action {
                Action::Flush => provider.force_flush(),
                Action::Shutdown(deadline) => provider.shutdown_with_timeout(deadline),
            }));
        }
        if let Some(provider) = self.logs.clone() {
            actions.push(Box::new(move || match action {
                Action::Flush => provider.force_flush(),
                Action::Shutdown(deadline) => provider.shutdown_with_timeout(deadline),
            }));
        }
        actions
    }
}

/// What is done to all providers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Flush,
    Shutdown(Duration),
}

impl Parts<'_> {
    fn traces(&self, resource: &Resource) -> Result<Option<SdkTracerProvider>, PipelineError> {
        let signal = Signal::Traces;
        let timeout = self.config.spans.export_timeout;
        Ok(match self.config.exporter(signal) {
            Exporter::None => None,
            Exporter::Console => Some(self.tracer_provider(Console, resource)),
            Exporter::Otlp => match self.exporter(signal, otlp_spans)? {
                None => None,
                Some(exporter) => {
                    let exporter = self.watched(exporter, signal, timeout);
                    Some(self.tracer_provider(exporter, resource))
                }
            },
        })
    }

    fn metrics(&self, resource: &Resource) -> Result<Option<SdkMeterProvider>, PipelineError> {
        let signal = Signal::Metrics;
        let timeout = self.config.metric_timeout;
        Ok(match self.config.exporter(signal) {
            Exporter::None => None,
            Exporter::Console => Some(self.meter_provider(Console, resource)),
            Exporter::Otlp => match self.exporter(signal, otlp_metrics)? {
                None => None,
                Some(exporter) => {
                    let exporter = self.watched(exporter, signal, timeout);
                    Some(self.meter_provider(exporter, resource))
                }
            },
        })
    }

    fn logs(&self, resource: &Resource) -> Result<Option<SdkLoggerProvider>, PipelineError> {
        let signal = Signal::Logs;
        let timeout = self.config.log_records.export_timeout;
        Ok(match self.config.exporter(signal) {
            Exporter::None => None,
            Exporter::Console => Some(self.logger_provider(Console, resource)),
            Exporter::Otlp => match self.exporter(signal, otlp_logs)? {
                None => None,
                Some(exporter) => {
                    let exporter = self.watched(exporter, signal, timeout);
                    Some(self.logger_provider(exporter, resource))
                }
            },
        })
    }

    /// The OTLP exporter of a signal; `None` when it has no endpoint.
    fn exporter<E>(
        &self,
        signal: Signal,
        make: fn(&OtlpSettings, &ExportRuntime) -> Result<E, ExporterBuildError>,
    ) -> Result<Option<E>, PipelineError> {
        let settings = self.config.otlp(signal);
        let made = settings.map(|settings| make(settings, &self.runtime));
        made.transpose()
            .map_err(|source| PipelineError::Exporter { signal, source })
    }

    fn watched<E>(&self, exporter: E, signal: Signal, timeout: Duration) -> Watched<E> {
        Watched::new(exporter, signal, timeout, &self.runtime, &self.health)
    }

    fn tracer_provider(
        &self,
        exporter: impl SpanExporter + 'static,
        resource: &Resource,
    ) -> SdkTracerProvider {
        let BatchSettings {
            max_queue_size,
            max_export_batch_size,
            schedule_delay,
            export_timeout: _,
        } = self.config.spans;
        let batches = trace::BatchConfigBuilder::default()
            .with_max_queue_size(max_queue_size)
            .with_max_export_batch_size(max_export_batch_size)
            .with_scheduled_delay(schedule_delay)
            .build();
        let processor = BatchSpanProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        SdkTracerProvider::builder()
            .with_resource(resource.clone())
            .with_sampler(self.config.sampler.to_sdk())
            .with_span_processor(processor)
            .build()
    }

    fn meter_provider(
        &self,
        exporter: impl PushMetricExporter,
        resource: &Resource,
    ) -> SdkMeterProvider {
        let reader = PeriodicReader::builder(exporter)
            .with_interval(self.config.metric_interval)
            .build();
        SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(reader)
            .build()
    }

    fn logger_provider(
        &self,
        exporter: impl LogExporter + 'static,
        resource: &Resource,
    ) -> SdkLoggerProvider {
        let BatchSettings {
            max_queue_size,
            max_export_batch_size,
            schedule_delay,
            export_timeout: _,
        } = self.config.log_records;
        let batches = logs::BatchConfigBuilder::default()
            .with_max_queue_size(max_queue_size)
            .with_max_export_batch_size(max_export_batch_size)
            .with_scheduled_delay(schedule_delay)
            .build();
        let processor = BatchLogProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        SdkLoggerProvider::builder()
            .with_resource(resource.clone())
            .with_log_processor(processor)
            .build()
    }
}
