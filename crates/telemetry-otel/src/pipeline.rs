//! The providers of the SDK, put together from the settings.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_prometheus::PrometheusExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{BatchLogProcessor, LogExporter, SdkLoggerProvider};
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider};
use opentelemetry_sdk::trace::{BatchSpanProcessor, SdkTracerProvider, SpanExporter};
use opentelemetry_sdk::{logs, trace};
use telemetry_core::error_chain;

use crate::config::{Exporter, OtelConfig, Signal};
use crate::exporter::{
    Destinations, ExportLimits, ExportRuntime, Health, OtlpExporter, PrometheusError,
    TransportError, serve_prometheus,
};
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
    /// Why Prometheus can fetch nothing, where it is to. The rest works without it.
    pub(crate) problem: Option<String>,
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
        let traces = parts.destinations(Signal::Traces, config.span_batches().export_timeout())?;
        let metrics = parts.destinations(Signal::Metrics, config.metric_timeout())?;
        let logs = parts.destinations(Signal::Logs, config.log_batches().export_timeout())?;
        let (prometheus, problem) = match parts.prometheus() {
            Ok(prometheus) => (prometheus, None),
            Err(error) => (None, Some(error_chain::sentence(&error))),
        };
        Ok(Self {
            traces: traces.map(|destinations| parts.tracer_provider(destinations)),
            metrics: parts.meter_provider(metrics, prometheus),
            logs: logs
                .map(|destinations| parts.logger_provider(destinations))
                .map(|provider| LogRecords::start(provider, config.log_batches(), &parts.health))
                .transpose()
                .map_err(PipelineError::Thread)?,
            problem,
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
    /// What takes the batches of a signal; `None` when nothing does. `timeout` bounds the export of a
    /// batch.
    fn destinations(
        &self,
        signal: Signal,
        timeout: Duration,
    ) -> Result<Option<Destinations>, PipelineError> {
        let exporters = self.config.exporters(signal);
        let settings = self.config.otlp(signal);
        let otlp = settings.filter(|_| exporters.contains(&Exporter::Otlp));
        let otlp = otlp.map(|settings| {
            let exporter = OtlpExporter::new(
                &settings,
                signal,
                self.config.network(),
                timeout,
                ExportLimits::new(self.config),
                &self.runtime,
                &self.health,
            );
            exporter
                .map(|exporter| exporter.with_temporality(self.config.temporality()))
                .map_err(|source| PipelineError::Exporter { signal, source })
        });
        let has_console = exporters.contains(&Exporter::Console);
        Ok(Destinations::new(
            otlp.transpose()?,
            has_console,
            &self.health,
        ))
    }

    /// What Prometheus fetches from, where it is to.
    fn prometheus(&self) -> Result<Option<PrometheusExporter>, PrometheusError> {
        let exporters = self.config.exporters(Signal::Metrics);
        let is_wanted = exporters.contains(&Exporter::Prometheus);
        let serve = || serve_prometheus(self.config.prometheus_address(), &self.runtime);
        is_wanted.then(serve).transpose()
    }

    fn tracer_provider(&self, exporter: impl SpanExporter + 'static) -> SdkTracerProvider {
        let settings = self.config.span_batches();
        let batches = trace::BatchConfigBuilder::default()
            .with_max_queue_size(settings.max_queue_size())
            .with_max_export_batch_size(settings.max_export_batch_size())
            .with_scheduled_delay(settings.schedule_delay())
            .build();
        // The SDK reads some of them from the environment, unless it is given all.
        let limits = self.config.span_limits();
        let span_limits = trace::SpanLimits {
            max_events_per_span: limits.events(),
            max_attributes_per_span: limits.attributes(),
            max_links_per_span: limits.links(),
            max_attributes_per_event: limits.event_attributes(),
            max_attributes_per_link: limits.link_attributes(),
        };
        let waiting = Waiting::default();
        let processor = BatchSpanProcessor::builder(Draining::new(exporter, &waiting))
            .with_batch_config(batches)
            .build();
        let processor = Bounded::new(processor, settings.max_queue_size(), waiting, &self.health);
        SdkTracerProvider::builder()
            .with_resource(self.resource.clone())
            .with_sampler(self.config.sampler().to_sdk())
            .with_span_limits(span_limits)
            .with_span_processor(processor)
            .build()
    }

    /// `None` when metrics go nowhere.
    fn meter_provider(
        &self,
        pushed: Option<impl PushMetricExporter>,
        fetched: Option<PrometheusExporter>,
    ) -> Option<SdkMeterProvider> {
        if pushed.is_none() && fetched.is_none() {
            return None;
        }
        let mut provider = SdkMeterProvider::builder().with_resource(self.resource.clone());
        if let Some(exporter) = pushed {
            let reader = PeriodicReader::builder(exporter)
                .with_interval(self.config.metric_interval())
                .build();
            provider = provider.with_reader(reader);
        }
        if let Some(exporter) = fetched {
            provider = provider.with_reader(exporter);
        }
        Some(provider.build())
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
