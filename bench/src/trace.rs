//! The request of the suite `request`, in a process that has OpenTelemetry's SDK: with its
//! server span and its metrics. Nothing is sent: spans that end are given up.

use std::hint::black_box;
use std::time::Duration;

use axum::Router;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use opentelemetry::Context;
use opentelemetry::global;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{SdkMeterProvider, Temporality};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, Span, SpanData, SpanProcessor};
use telemetry_core::{LineLayer, LogFormat};
use telemetry_http::HttpTelemetryLayer;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::request::{calls, router};
use crate::{Contender, Sink, Work};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-axum",
        set_up: || calls(router()),
    },
    Contender {
        name: "telemetry",
        set_up: || telemetry(None),
    },
    Contender {
        name: "telemetry-unsampled",
        set_up: || telemetry(Some(Sampler::AlwaysOff)),
    },
    Contender {
        name: "telemetry-one-in-ten",
        set_up: || telemetry(Some(Sampler::TraceIdRatioBased(0.1))),
    },
    Contender {
        name: "telemetry-sampled",
        set_up: || telemetry(Some(Sampler::AlwaysOn)),
    },
    Contender {
        name: "axum-tracing-opentelemetry-unsampled",
        set_up: || peer(Sampler::AlwaysOff),
    },
    Contender {
        name: "axum-tracing-opentelemetry-one-in-ten",
        set_up: || peer(Sampler::TraceIdRatioBased(0.1)),
    },
    Contender {
        name: "axum-tracing-opentelemetry-sampled",
        set_up: || peer(Sampler::AlwaysOn),
    },
];

/// Gives up what it gets.
#[derive(Debug)]
pub struct Discard;

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

fn tracers(sampler: Sampler) -> SdkTracerProvider {
    let sampler = Sampler::ParentBased(Box::new(sampler));
    SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_span_processor(Discard)
        .build()
}

pub fn lines() {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _| {
        black_box(line);
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(EnvFilter::new("info")))
        .init();
}

/// Installs the SDK for what our layer records.
pub fn record(sampler: Sampler) {
    global::set_tracer_provider(tracers(sampler));
    let meters = SdkMeterProvider::builder().with_periodic_exporter(Discard);
    global::set_meter_provider(meters.build());
    telemetry_core::bind_instruments();
    telemetry_core::use_global_providers();
}

/// Our layer, with its line, and the SDK where there is a sampler.
fn telemetry(sampler: Option<Sampler>) -> Work {
    lines();
    if let Some(sampler) = sampler {
        record(sampler);
    }
    calls(router().layer(HttpTelemetryLayer::new()))
}

/// The middleware of that name, over `tracing-opentelemetry`, and a JSON line of
/// `tracing-subscriber` for each request. It has no metrics.
pub fn peer(sampler: Sampler) -> Work {
    let tracers = tracers(sampler);
    let spans = tracing_opentelemetry::layer().with_tracer(tracers.tracer("bench"));
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(|| Sink);
    tracing_subscriber::registry()
        .with(EnvFilter::new("info,otel::tracing=trace"))
        .with(spans)
        .with(lines)
        .init();
    global::set_tracer_provider(tracers);
    let router: Router = router().layer(OtelAxumLayer::default());
    calls(router.layer(axum::middleware::map_response(
        async |response: axum::response::Response| {
            tracing::info!(status = response.status().as_u16(), "finished");
            response
        },
    )))
}
