//! The request with the layers of others.

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum_tracing_opentelemetry::middleware::OtelAxumLayer;
use fastrace::collector::Config;
use fastrace_axum::FastraceLayer;
use http::Request;
use logforth::diagnostic::FastraceDiagnostic;
use opentelemetry::global;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tower::ServiceBuilder;
use tower_http::ServiceBuilderExt as _;
use tower_http::request_id::MakeRequestUuid;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::{Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::request::{calls, router};
use crate::scope::GiveUp;
use crate::{Sink, Work, line, sdk};

/// What is usually wired by hand.
pub fn tower_http() -> Work {
    line::install_tracing_subscriber_json();
    calls(with_tower_http(router()))
}

/// A router with a request id, and a span with the request's fields, which ends with a line.
pub fn with_tower_http(router: Router) -> Router {
    let layers = ServiceBuilder::new()
        .set_x_request_id(MakeRequestUuid)
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(|request: &Request<Body>| {
                    let id = request.headers().get("x-request-id");
                    tracing::info_span!(
                        "request",
                        method = %request.method(),
                        uri = %request.uri(),
                        request.id = id.and_then(|id| id.to_str().ok()).unwrap_or_default(),
                    )
                })
                .on_request(())
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
        .propagate_x_request_id();
    router.layer(layers)
}

/// The middleware of `fastrace`: each request is sampled.
pub fn fastrace_without_lines() -> Work {
    fastrace::set_reporter(GiveUp, Config::default());
    calls(router().layer(FastraceLayer::default()))
}

/// And a line of `logforth`, which has the trace id.
pub fn fastrace() -> Work {
    fastrace::set_reporter(GiveUp, Config::default());
    line::install_logforth(FastraceDiagnostic::default());
    let router = router().layer(axum::middleware::map_response(
        async |response: Response| {
            log::info!(status = response.status().as_u16(); "finished");
            response
        },
    ));
    calls(router.layer(FastraceLayer::default()))
}

/// The middleware of that name, over `tracing-opentelemetry`, and a JSON line of
/// `tracing-subscriber` for each request. It has no metrics.
pub fn tracing_opentelemetry(sampler: Sampler) -> Work {
    let tracers = sdk::tracers(sampler);
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_writer(|| Sink);
    tracing_subscriber::registry()
        .with(filter())
        .with(spans(&tracers))
        .with(lines)
        .init();
    global::set_tracer_provider(tracers);
    let router = router().layer(OtelAxumLayer::default());
    calls(router.layer(axum::middleware::map_response(
        async |response: Response| {
            tracing::info!(status = response.status().as_u16(), "finished");
            response
        },
    )))
}

pub fn tracing_opentelemetry_without_lines(sampler: Sampler) -> Work {
    let tracers = sdk::tracers(sampler);
    tracing_subscriber::registry()
        .with(filter())
        .with(spans(&tracers))
        .init();
    global::set_tracer_provider(tracers);
    calls(router().layer(OtelAxumLayer::default()))
}

fn spans<S>(tracers: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    tracing_opentelemetry::layer().with_tracer(tracers.tracer("bench"))
}

fn filter() -> EnvFilter {
    EnvFilter::new("info,otel::tracing=trace")
}
