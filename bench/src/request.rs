//! One request through an axum router in process: routing, a handler, a small JSON body
//! read to its end.

use std::hint::black_box;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::routing::get;
use http::{Request, header};
use http_body_util::BodyExt as _;
use telemetry_core::{LineLayer, LogFormat};
use telemetry_http::HttpTelemetryLayer;
use tokio::runtime;
use tower::{Service as _, ServiceBuilder};
use tower_http::ServiceBuilderExt as _;
use tower_http::request_id::MakeRequestUuid;
use tower_http::trace::{DefaultOnResponse, TraceLayer};
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::{Contender, Sink, Work};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-axum",
        set_up: bare,
    },
    Contender {
        name: "axum-empty-layer",
        set_up: empty_layer,
    },
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "tower-http-trace-json",
        set_up: tower_http,
    },
];

const PATH: &str = "/api/tournaments/5/";

pub fn router() -> Router {
    Router::new().route(
        "/api/tournaments/{id}/",
        get(|Path(id): Path<i64>| async move {
            black_box(id);
            (
                [(header::CONTENT_TYPE, "application/json")],
                r#"{"id":5,"name":"Winter Cup","league":1,"state":"running"}"#,
            )
        }),
    )
}

/// Calls the router over and over on a runtime of its own.
pub fn calls(mut router: Router) -> Work {
    let runtime = runtime::Builder::new_current_thread()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"));
    Box::new(move || {
        let request = Request::builder()
            .uri(black_box(PATH))
            .header(header::HOST, "localhost")
            .header(header::USER_AGENT, "bench/1.0")
            .body(Body::empty());
        runtime.block_on(async {
            let Ok(request) = request else { return };
            let Ok(response) = router.call(request).await;
            if let Ok(body) = response.into_body().collect().await {
                black_box(body.to_bytes());
            }
        });
    })
}

fn bare() -> Work {
    calls(router())
}

/// What any layer costs in axum before it does anything.
fn empty_layer() -> Work {
    calls(router().layer(tower::layer::layer_fn(|inner: axum::routing::Route| inner)))
}

fn telemetry() -> Work {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _| {
        black_box(line);
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(EnvFilter::new("info")))
        .init();
    calls(router().layer(HttpTelemetryLayer::new()))
}

/// What is usually wired by hand.
fn tower_http() -> Work {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(|| Sink)
        .init();
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
