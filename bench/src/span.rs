//! A span of the application, entered and left, within a request that is not sampled.

use std::hint::black_box;

use opentelemetry::trace::{TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, global};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use telemetry_core::{Config, Environment};
use telemetry_otel::{Otel, OtelConfig};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::{Contender, Sink, Work};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "tracing-opentelemetry",
        set_up: tracing_opentelemetry,
    },
    Contender {
        name: "registry-alone",
        set_up: registry,
    },
];

/// Enters and leaves a span with one field, beneath the current context.
fn spans(parent: Context) -> Work {
    Box::new(move || {
        let _request = parent.clone().attach();
        tracing::info_span!("pick", hero = black_box(7)).in_scope(|| black_box(()));
    })
}

/// The context of a request that the sampler does not take.
fn unsampled() -> Context {
    let span = global::tracer("bench").start("request");
    Context::new().with_span(span)
}

/// As it is installed by the environment, lines included.
fn telemetry() -> Work {
    let environment = Environment::from_iter([
        ("NODE_ENV", "test"),
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_TRACES_SAMPLER", "always_off"),
    ]);
    let config = Config::default()
        .with_environment(&environment)
        .with_otel_enabled(true);
    let guard = Otel::builder()
        .with_config(config)
        .with_otel(OtelConfig::from_environment(&environment))
        .with_telemetry(|telemetry| telemetry.with_output(Sink))
        .install()
        .unwrap_or_else(|error| panic!("not installed: {error}"));
    let mut spans = spans(unsampled());
    Box::new(move || {
        black_box(&guard);
        spans();
    })
}

/// The layer of that name, without a filter.
fn tracing_opentelemetry() -> Work {
    let tracers = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
        .build();
    let layer = tracing_opentelemetry::layer().with_tracer(tracers.tracer("bench"));
    tracing_subscriber::registry().with(layer).init();
    global::set_tracer_provider(tracers);
    spans(unsampled())
}

/// What `tracing` itself takes for a span that nobody looks at.
fn registry() -> Work {
    tracing_subscriber::registry().init();
    spans(Context::new())
}
