//! One request through an axum router in process: routing, a handler, a small JSON body
//! read to its end.

mod logfire;
mod peers;

use std::hint::black_box;
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::routing::get;
use http::{Request, Uri, header};
use http_body_util::BodyExt as _;
use opentelemetry_sdk::trace::Sampler;
use telemetry_http::HttpTelemetryLayer;
use tokio::runtime;
use tower::Service as _;

use crate::{Contender, Work, line, sdk};

pub use peers::{tracing_opentelemetry, with_tower_http};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-axum",
        set_up: || calls(router()),
    },
    Contender {
        name: "axum-empty-layer",
        set_up: empty_layer,
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
        name: "tower-http-trace-json",
        set_up: peers::tower_http,
    },
    Contender {
        name: "fastrace-without-lines",
        set_up: peers::fastrace_without_lines,
    },
    Contender {
        name: "fastrace",
        set_up: peers::fastrace,
    },
    Contender {
        name: "logfire",
        set_up: logfire::logfire,
    },
    Contender {
        name: "logfire-without-lines",
        set_up: logfire::without_lines,
    },
    Contender {
        name: "axum-tracing-opentelemetry-unsampled",
        set_up: || peers::tracing_opentelemetry(Sampler::AlwaysOff),
    },
    Contender {
        name: "axum-tracing-opentelemetry-one-in-ten",
        set_up: || peers::tracing_opentelemetry(Sampler::TraceIdRatioBased(0.1)),
    },
    Contender {
        name: "axum-tracing-opentelemetry-sampled",
        set_up: || peers::tracing_opentelemetry(Sampler::AlwaysOn),
    },
    Contender {
        name: "axum-tracing-opentelemetry-sampled-without-lines",
        set_up: || peers::tracing_opentelemetry_without_lines(Sampler::AlwaysOn),
    },
];

const PATH: &str = "/api/tournaments/5/";

/// The router that all contenders put their layers around.
pub fn router() -> Router {
    Router::new().route("/api/tournaments/{id}/", get(show))
}

/// The handler: what it answers is always the same.
pub async fn show(Path(id): Path<i64>) -> ([(header::HeaderName, &'static str); 1], &'static str) {
    black_box(id);
    (
        [(header::CONTENT_TYPE, "application/json")],
        r#"{"id":5,"name":"Winter Cup","league":1,"state":"running"}"#,
    )
}

/// Sends the reference request to `router` and reads the answer to its end.
pub async fn ask(router: &mut Router) {
    let request = Request::builder()
        .uri(target())
        .header(header::HOST, "localhost")
        .header(header::USER_AGENT, "bench/1.0")
        .body(Body::empty());
    let Ok(request) = request else { return };
    let Ok(response) = router.call(request).await;
    if let Ok(body) = response.into_body().collect().await {
        black_box(body.to_bytes());
    }
}

/// The target of the request: in memory that is shared already, as where hyper has read it.
fn target() -> Uri {
    static TARGET: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(PATH.as_bytes().to_vec()));
    Uri::from_maybe_shared(Bytes::clone(black_box(&TARGET))).unwrap_or_default()
}

/// Makes the routes of a router once and not for each request, as axum does for a server.
pub fn made(router: Router) -> Router {
    router.with_state(())
}

/// Asks over and over on a runtime of its own.
pub fn calls(router: Router) -> Work {
    let mut router = made(router);
    let runtime = runtime::Builder::new_current_thread()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    Box::new(move || runtime.block_on(ask(&mut router)))
}

/// What any layer costs in axum before it does anything.
fn empty_layer() -> Work {
    calls(router().layer(tower::layer::layer_fn(|inner: axum::routing::Route| inner)))
}

/// Our layer, with its line, and the SDK where there is a sampler.
fn telemetry(sampler: Option<Sampler>) -> Work {
    match sampler {
        Some(sampler) => {
            line::install_beside_spans();
            sdk::install(sampler);
        }
        None => line::install(),
    }
    calls(router().layer(HttpTelemetryLayer::new()))
}
