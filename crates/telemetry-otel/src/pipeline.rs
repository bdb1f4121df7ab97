//! The providers of the SDK, put together from the settings.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchLogProcessor, LogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanExporter};
use opentelemetry_sdk::{logs, trace};

use crate::config::{Exporter, OtelConfig, Signal};
use crate::exporter::{Console, ExportRuntime, Health, OtlpExporter, TransportError};
use crate::logs::LogRecords;
use crate::origin::Origin;
use crate::span_queue::{Bounded, Draining, Waiting};

/// What flushes or ends a provider.
pub(crate) type ProviderAction = Box<dyn FnOnce() -> OTelSdkResult + Send>;

/// The providers; `None` for a signal that is not exported.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub(crate) traces: Option<SdkTracerProvider>,
    pub(crate) metrics: Option<SdkMeterProvider>,
    pub(crate) logs: Option<LogRecords>,
    pub(crate) health: Arc<Health>,
    pub(crate) origin: Origin,
    _runtime: ExportRuntime,
}

/// Why export could not be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PipelineError {
    #[error("cannot start a thread that exports")]
    Thread(#[source] io::Error),
    #[error("cannot export {signal}")]
    Exporter {
        signal: Signal,
        source: TransportError,
    },
}

/// What is done to all providers.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Flush,
    Shutdown(Duration),
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
            resource,
            runtime: ExportRuntime::start().map_err(PipelineError::Thread)?,
            health: Arc::default(),
        };
        let logs = parts.provider(
            Signal::Logs,
            config.log_batches().export_timeout(),
            |exporter| parts.logger_provider(exporter),
            |console| parts.logger_provider(console),
        )?;
        Ok(Self {
            traces: parts.provider(
                Signal::Traces,
                config.span_batches().export_timeout(),
                |exporter| parts.tracer_provider(exporter),
                |console| parts.tracer_provider(console),
            )?,
            metrics: parts.provider(
                Signal::Metrics,
                config.metric_timeout(),
                |exporter| parts.meter_provider(exporter.with_temporality(config.temporality())),
                |console| parts.meter_provider(console),
            )?,
            logs: logs
                .map(|provider| LogRecords::start(provider, config.log_batches(), &parts.health))
                .transpose()
                .map_err(PipelineError::Thread)?,
            health: parts.health,
            origin: Origin::new(),
            _runtime: parts.runtime,
        })
    }

    /// What ends, or flushes, each provider: to be done side by side.
    pub(crate) fn each(&self, action: Action) -> Vec<ProviderAction> {
        if let Action::Shutdown(_) = action {
            self.health.end();
        }
        let actions = [
            act(
                self.traces.as_ref(),
                action,
                SdkTracerProvider::force_flush,
                SdkTracerProvider::shutdown_with_timeout,
            ),
            act(
                self.metrics.as_ref(),
                action,
                SdkMeterProvider::force_flush,
                SdkMeterProvider::shutdown_with_timeout,
            ),
            act(
                self.logs.as_ref(),
                action,
                LogRecords::force_flush,
                LogRecords::shutdown_with_timeout,
            ),
        ];
        actions.into_iter().flatten().collect()
    }
}

/// What all exporters share.
struct Parts<'a> {
    config: &'a OtelConfig,
    resource: &'a Resource,
    runtime: ExportRuntime,
    health: Arc<Health>,
}

impl Parts<'_> {
    /// The provider of a signal; `None` when it is not exported. `timeout` bounds the export of a
    /// batch.
    fn provider<P>(
        &self,
        signal: Signal,
        timeout: Duration,
        of_otlp: impl FnOnce(OtlpExporter) -> P,
        of_console: impl FnOnce(Console) -> P,
    ) -> Result<Option<P>, PipelineError> {
        let settings = match self.config.exporter(signal) {
            Exporter::None => return Ok(None),
            Exporter::Console => return Ok(Some(of_console(Console::new(&self.health)))),
            Exporter::Otlp => self.config.otlp(signal),
        };
        let Some(settings) = settings else {
            return Ok(None);
        };
        let exporter = OtlpExporter::new(
            &settings,
            signal,
            self.config.network(),
            timeout,
            &self.runtime,
            &self.health,
        );
        exporter
            .map(|exporter| Some(of_otlp(exporter)))
            .map_err(|source| PipelineError::Exporter { signal, source })
    }

    fn tracer_provider(&self, exporter: impl SpanExporter + 'static) -> SdkTracerProvider {
        let settings = self.config.span_batches();
        let batches = trace::BatchConfigBuilder::default()
            .with_max_queue_size(settings.max_queue_size())
            .with_max_export_batch_size(settings.max_export_batch_size())
            .with_scheduled_delay(settings.schedule_delay())
            .build();
        let waiting = Waiting::default();
        let processor = BatchSpanProcessor::builder(Draining::new(exporter, &waiting))
            .with_batch_config(batches)
            .build();
        let processor = Bounded::new(processor, settings.max_queue_size(), waiting, &self.health);
        SdkTracerProvider::builder()
            .with_resource(self.resource.clone())
            .with_sampler(self.config.sampler().to_sdk())
            .with_span_processor(processor)
            .build()
    }

    fn meter_provider(&self, exporter: impl PushMetricExporter) -> SdkMeterProvider {
        let reader = PeriodicReader::builder(exporter)
            .with_interval(self.config.metric_interval())
            .build();
        SdkMeterProvider::builder()
            .with_resource(self.resource.clone())
            .with_reader(reader)
            .build()
    }

    fn logger_provider(&self, exporter: impl LogExporter + 'static) -> SdkLoggerProvider {
        let settings = self.config.log_batches();
        let batches = logs::BatchConfigBuilder::default()
            .with_max_queue_size(settings.max_queue_size())
            .with_max_export_batch_size(settings.max_export_batch_size())
            .with_scheduled_delay(settings.schedule_delay())
            .build();
        let processor = BatchLogProcessor::builder(exporter)
            .with_batch_config(batches)
            .build();
        SdkLoggerProvider::builder()
            .with_resource(self.resource.clone())
            .with_log_processor(processor)
            .build()
    }
}

/// What flushes or ends a provider, if there is one. The three have no trait in common.
fn act<P: Clone + Send + 'static>(
    provider: Option<&P>,
    action: Action,
    flush: fn(&P) -> OTelSdkResult,
    shutdown: fn(&P, Duration) -> OTelSdkResult,
) -> Option<ProviderAction> {
    let provider = provider?.clone();
    Some(Box::new(move || match action {
        Action::Flush => flush(&provider),
        Action::Shutdown(deadline) => shutdown(&provider, deadline),
    }))
}
