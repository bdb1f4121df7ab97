//! OpenTelemetry's SDK where nothing is sent: spans that end are given up, metrics are aggregated
//! and never exported.

use std::hint::black_box;
use std::time::Duration;

use opentelemetry::{Context, global};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};

/// Gives up what it gets.
#[derive(Debug)]
struct Discard;

impl SpanProcessor for Discard {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        black_box(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

impl PushMetricExporter for Discard {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        black_box(metrics);
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

/// Makes a provider of spans, for who installs it by other means.
pub fn tracers(sampler: Sampler) -> SdkTracerProvider {
    let sampler = Sampler::ParentBased(Box::new(sampler));
    SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_span_processor(Discard)
        .build()
}

/// Installs metrics for our crates.
pub fn install_metrics() {
    let meters = SdkMeterProvider::builder().with_periodic_exporter(Discard);
    global::set_meter_provider(meters.build());
    telemetry_core::bind_instruments();
    telemetry_core::use_global_providers();
}

/// Installs spans and metrics for our crates.
pub fn install(sampler: Sampler) {
    global::set_tracer_provider(tracers(sampler));
    install_metrics();
}
