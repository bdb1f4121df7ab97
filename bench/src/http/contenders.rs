//! The servers. What they log goes to their standard output, which is `/dev/null`; what they
//! export goes where `OTEL_EXPORTER_OTLP_ENDPOINT` says.

use std::borrow::Cow;
use std::time::Duration;

use axum::Router;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use fastrace::collector::Config;
use fastrace_axum::FastraceLayer;
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{InstrumentationScope, global};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry_http::HttpTelemetryLayer;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::request::{router, with_tower_http};

/// A server: how its router is made, and the environment of its process.
pub(super) struct Contender {
    pub(super) name: &'static str,
    pub(super) router: fn() -> Router,
    pub(super) exports: bool,
    pub(super) environment: &'static [(&'static str, &'static str)],
}

const NO_LOGS: (&str, &str) = ("OTEL_LOGS_EXPORTER", "none");
const ALL_SAMPLED: (&str, &str) = ("OTEL_TRACES_SAMPLER_ARG", "1");

pub(super) const ALL: &[Contender] = &[
    Contender {
        name: "bare-axum",
        router,
        exports: false,
        environment: &[],
    },
    Contender {
        name: "telemetry",
        router: telemetry,
        exports: false,
        environment: &[],
    },
    Contender {
        name: "telemetry-one-in-ten",
        router: telemetry,
        exports: true,
        environment: &[NO_LOGS],
    },
    Contender {
        name: "telemetry-all",
        router: telemetry,
        exports: true,
        environment: &[NO_LOGS, ALL_SAMPLED],
    },
    Contender {
        name: "telemetry-all-and-logs",
        router: telemetry,
        exports: true,
        environment: &[ALL_SAMPLED],
    },
    Contender {
        name: "tower-http-trace-json",
        router: tower_http,
        exports: false,
        environment: &[],
    },
    Contender {
        name: "axum-tracing-opentelemetry",
        router: || tracing_opentelemetry(false),
        exports: true,
        environment: &[],
    },
    Contender {
        name: "axum-tracing-opentelemetry-lines",
        router: || tracing_opentelemetry(true),
        exports: true,
        environment: &[],
    },
    Contender {
        name: "fastrace",
        router: fastrace,
        exports: true,
        environment: &[],
    },
];

/// Ours as an application installs it, with its lines; the environment says what is exported.
fn telemetry() -> Router {
    let guard = telemetry_otel::init().expect("telemetry");
    std::mem::forget(guard);
    router().layer(HttpTelemetryLayer::new())
}

/// What is usually wired by hand, with the JSON lines of tracing-subscriber.
fn tower_http() -> Router {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::new("info"))
        .init();
    with_tower_http(router())
}

/// The middleware of axum-tracing-opentelemetry, with the JSON lines of tracing-subscriber, a
/// line for each request, or without any. All spans are exported.
fn tracing_opentelemetry(has_lines: bool) -> Router {
    let tracers = SdkTracerProvider::builder()
        .with_batch_exporter(exporter())
        .build();
    let spans = tracing_opentelemetry::layer().with_tracer(tracers.tracer("bench"));
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    tracing_subscriber::registry()
        .with(EnvFilter::new("info,otel::tracing=trace"))
        .with(spans)
        .with(has_lines.then_some(lines))
        .init();
    global::set_tracer_provider(tracers);
    let router = router().layer(OtelAxumLayer::default());
    if !has_lines {
        return router;
    }
    router.layer(axum::middleware::map_response(
        async |response: axum::response::Response| {
            tracing::info!(status = response.status().as_u16(), "finished");
            response
        },
    ))
}

/// fastrace's middleware. It has no lines. All spans are exported.
fn fastrace() -> Router {
    let scope = InstrumentationScope::builder("bench").build();
    let resource = Resource::builder().build();
    let reporter = OpenTelemetryReporter::new(exporter(), Cow::Owned(resource), scope);
    let config = Config::default().report_interval(Duration::from_millis(100));
    fastrace::set_reporter(reporter, config);
    router().layer(FastraceLayer::default())
}

/// The exporter that OpenTelemetry has, over HTTP.
fn exporter() -> SpanExporter {
    // Its client is made for TLS too, and needs somebody to do it.
    let _is_first = rustls::crypto::ring::default_provider().install_default();
    // It blocks its thread, and must not be made on one of a runtime.
    let building = std::thread::spawn(|| SpanExporter::builder().with_http().build());
    building.join().expect("a thread").expect("an exporter")
}
