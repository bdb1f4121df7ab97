//! The exporter of all signals by OTLP.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter};
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::config::{NetworkSettings, OtlpSettings, Signal};
use crate::exporter::delivery::Delivery;
use crate::exporter::destination::Destination;
use crate::exporter::health::Health;
use crate::exporter::limits::ExportLimits;
use crate::exporter::priority;
use crate::exporter::runtime::ExportRuntime;
use crate::exporter::transport::{Transport, TransportError};

/// Encodes batches of one signal and delivers them.
pub(crate) struct OtlpExporter {
    signal: Signal,
    delivery: Delivery,
    resource: ResourceAttributesWithSchema,
    temporality: Temporality,
    limits: ExportLimits,
}

impl OtlpExporter {
    /// Prepares the connection. `batch_timeout` bounds the delivery of a batch.
    ///
    /// # Errors
    ///
    /// When the settings cannot be used.
    pub(crate) fn new(
        settings: &OtlpSettings,
        signal: Signal,
        network: &NetworkSettings,
        batch_timeout: Duration,
        limits: ExportLimits,
        runtime: &ExportRuntime,
        health: &Arc<Health>,
    ) -> Result<Self, TransportError> {
        let transport = runtime.enter(|| Transport::new(settings, signal, network))?;
        health.set_destination(signal, Destination::new(settings));
        let delivery = Delivery::new(
            transport,
            settings.protocol(),
            settings.timeout(),
            batch_timeout,
            runtime,
            health,
        );
        Ok(Self {
            signal,
            delivery,
            resource: ResourceAttributesWithSchema::default(),
            temporality: Temporality::Cumulative,
            limits,
        })
    }

    /// Sets how sums and histograms are exported.
    pub(crate) fn with_temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = temporality;
        self
    }
}

impl SpanExporter for OtlpExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        // The SDK's thread, as with log records. Not that of metrics, which locks what requests
        // measure with.
        priority::lower();
        let mut resource_spans = group_spans_by_resource_and_scope(batch, &self.resource);
        self.limits.apply_to_spans(&mut resource_spans);
        let request = ExportTraceServiceRequest { resource_spans };
        self.delivery.deliver(request).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

impl LogExporter for OtlpExporter {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        priority::lower();
        let mut resource_logs = group_logs_by_resource_and_scope(&batch, &self.resource);
        self.limits.apply_to_records(&mut resource_logs);
        let request = ExportLogsServiceRequest { resource_logs };
        self.delivery.deliver(request).await
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = resource.into();
    }
}

impl PushMetricExporter for OtlpExporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let request = ExportMetricsServiceRequest::from(metrics);
        self.delivery.made(&request);
        self.delivery.deliver(request).await
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}

impl fmt::Debug for OtlpExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpExporter")
            .field("signal", &self.signal)
            .finish_non_exhaustive()
    }
}
