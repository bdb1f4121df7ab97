//! One log line with the reference context.

use std::hint::black_box;

use slog::{Drain, o};
use telemetry_core::{Config, LineLayer, LogFormat, Scope, Telemetry};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::{Contender, Request, Sink, Work, request};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "telemetry-with-writer",
        set_up: telemetry_with_writer,
    },
    Contender {
        name: "tracing-subscriber-json",
        set_up: tracing_subscriber_json,
    },
    Contender {
        name: "json-subscriber",
        set_up: json_subscriber,
    },
    Contender {
        name: "slog-json",
        set_up: slog_json,
    },
];

fn reference_scope(request: &Request) -> Scope {
    Scope::builder()
        .field("request.id", request.id)
        .field("user.id", request.user)
        .field("labels", request.labels)
        .field("tournament.id", request.tournament)
        .build()
}

/// The event of the reference line, through `tracing`.
fn event() {
    let request = request();
    tracing::info!(
        http.method = request.method,
        http.route = request.route,
        http.status_code = request.status,
        duration_ms = request.duration_ms,
        "request_completed"
    );
}

pub fn in_reference_scope() -> Work {
    // Entered once for the whole run: a line is measured, not a scope.
    let scope = reference_scope(&request());
    std::mem::forget(scope.clone());
    Box::new(move || scope.in_scope(event))
}

fn telemetry() -> Work {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _| {
        black_box(line);
    });
    tracing_subscriber::registry()
        .with(layer.with_filter(EnvFilter::new("info")))
        .init();
    in_reference_scope()
}

fn telemetry_with_writer() -> Work {
    let config = Config::default()
        .with_deployment("prod")
        .with_level(LevelFilter::INFO);
    let guard = Telemetry::builder()
        .with_config(config)
        .with_output(Sink)
        .install();
    std::mem::forget(guard);
    in_reference_scope()
}

fn in_reference_span() -> Work {
    let request = request();
    let span = tracing::info_span!(
        "request",
        request.id = request.id,
        user.id = request.user,
        labels = ?request.labels,
        tournament.id = request.tournament
    );
    std::mem::forget(span.entered());
    Box::new(event)
}

fn tracing_subscriber_json() -> Work {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(|| Sink)
        .init();
    in_reference_span()
}

fn json_subscriber() -> Work {
    let layer = json_subscriber::layer()
        .flatten_event(true)
        .with_writer(|| Sink)
        .with_filter(EnvFilter::new("info"));
    tracing_subscriber::registry().with(layer).init();
    in_reference_span()
}

fn slog_json() -> Work {
    let request = request();
    let drain = slog_json::Json::new(Sink).add_default_keys().build();
    let drain = std::sync::Mutex::new(drain.fuse()).fuse();
    let logger = slog::Logger::root(
        drain,
        o!(
            "request.id" => request.id,
            "user.id" => request.user,
            "labels" => format!("{:?}", request.labels),
            "tournament.id" => request.tournament,
        ),
    );
    Box::new(move || {
        let request = crate::request();
        slog::info!(
            logger,
            "request_completed";
            "http.method" => request.method,
            "http.route" => request.route,
            "http.status_code" => request.status,
            "duration_ms" => request.duration_ms,
        );
    })
}
