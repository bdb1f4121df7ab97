//! Exporters: OTLP, and the console.

mod console;
mod health;
mod http_client;
mod priority;
mod runtime;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use opentelemetry_otlp::{
    Compression, ExporterBuildError, LogExporter as OtlpLogs, MetricExporter as OtlpMetrics,
    SpanExporter as OtlpSpans, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tonic::metadata::MetadataMap;
use tonic::transport::ClientTlsConfig;

pub(crate) use console::Console;
pub(crate) use health::{Health, LOGGER};
pub(crate) use http_client::build as http_client;
pub(crate) use priority::lower as lower_priority;
pub(crate) use runtime::ExportRuntime;

use crate::config::{OtlpSettings, Protocol, Signal};

/// An exporter that is bounded in time, uses the runtime of its own, and whose success is
/// followed.
pub(crate) struct Watched<E> {
    inner: E,
    signal: Signal,
    timeout: Duration,
    runtime: ExportRuntime,
    health: Arc<Health>,
}

impl<E> Watched<E> {
    pub(crate) fn new(
        inner: E,
        signal: Signal,
        timeout: Duration,
        runtime: &ExportRuntime,
        health: &Arc<Health>,
    ) -> Self {
        Self {
            inner,
            signal,
            timeout,
            runtime: runtime.clone(),
            health: Arc::clone(health),
        }
    }

    async fn watch(&self, export: impl Future<Output = OTelSdkResult>) -> OTelSdkResult {
        let bounded = async {
            let result = tokio::time::timeout(self.timeout, export).await;
            result.unwrap_or(Err(OTelSdkError::Timeout(self.timeout)))
        };
        let mut result = self.runtime.within(bounded).await;
        if let (Err(OTelSdkError::InternalFailure(error)), Some(cause)) =
            (&mut result, http_client::take_cause())
        {
            *error = format!("{error}: {cause}");
        }
        self.health.observe(self.signal, &result);
        result
    }
}

impl<E: SpanExporter> SpanExporter for Watched<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        // The SDK's thread, as with log records. Not that of metrics, which locks what requests
        // measure with.
        lower_priority();
        self.watch(self.inner.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: LogExporter> LogExporter for Watched<E> {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        lower_priority();
        self.watch(self.inner.export(batch)).await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

impl<E: PushMetricExporter> PushMetricExporter for Watched<E> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        self.watch(self.inner.export(metrics)).await
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.inner.temporality()
    }
}

impl<E> fmt::Debug for Watched<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched")
            .field("signal", &self.signal)
            .finish_non_exhaustive()
    }
}

/// Makes the OTLP exporter of a signal. The three builders of the SDK have these methods
/// each by its own traits.
macro_rules! otlp {
    ($name:ident, $exporter:ident) => {
        /// Makes an OTLP exporter.
        ///
        /// # Errors
        ///
        /// When the settings cannot be used.
        pub(crate) fn $name(
            settings: &OtlpSettings,
            runtime: &ExportRuntime,
        ) -> Result<$exporter, ExporterBuildError> {
            // Channels and clients start tasks as soon as they are made.
            runtime.enter(|| match settings.protocol {
                Protocol::Grpc => {
                    let mut builder = $exporter::builder()
                        .with_tonic()
                        .with_endpoint(settings.endpoint.to_string())
                        .with_timeout(settings.timeout)
                        .with_metadata(MetadataMap::from_headers(settings.headers.0.clone()));
                    if settings.endpoint.scheme_str() == Some("https") {
                        builder =
                            builder.with_tls_config(ClientTlsConfig::new().with_webpki_roots());
                    }
                    if settings.gzip {
                        builder = builder.with_compression(Compression::Gzip);
                    }
                    builder.build()
                }
                Protocol::HttpProtobuf => {
                    let mut builder = $exporter::builder()
                        .with_http()
                        .with_http_client(http_client::Client::new(settings.timeout)?)
                        .with_endpoint(settings.endpoint.to_string())
                        .with_timeout(settings.timeout)
                        .with_headers(to_map(&settings.headers.0));
                    if settings.gzip {
                        builder = builder.with_compression(Compression::Gzip);
                    }
                    builder.build()
                }
            })
        }
    };
}

otlp!(otlp_spans, OtlpSpans);
otlp!(otlp_metrics, OtlpMetrics);
otlp!(otlp_logs, OtlpLogs);

fn to_map(headers: &HeaderMap) -> HashMap<String, String> {
    let pairs = headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    pairs.collect()
}
