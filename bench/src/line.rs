//! One log line with the reference context.

mod floor;
mod peers;

use telemetry_core::{Config, LineLayer, LogFormat, Overflow, Scope, Telemetry};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::counts::give_up;
use crate::{Contender, Request, Sink, Work, request};

pub use floor::floor;
pub use peers::{
    emit_context, in_reference_span, install_logforth, install_tracing_subscriber_json,
    slog_json_root, slog_line,
};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "floor",
        set_up: floor::floor,
    },
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "telemetry-with-writer",
        set_up: telemetry_with_writer,
    },
    Contender {
        name: "slog-json",
        set_up: peers::slog_json,
    },
    Contender {
        name: "emit-json",
        set_up: peers::emit_json,
    },
    Contender {
        name: "logforth-json",
        set_up: peers::logforth_json,
    },
    Contender {
        name: "json-subscriber",
        set_up: peers::json_subscriber,
    },
    Contender {
        name: "tracing-bunyan-formatter",
        set_up: peers::tracing_bunyan_formatter,
    },
    Contender {
        name: "tracing-subscriber-json",
        set_up: peers::tracing_subscriber_json,
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
pub fn event() {
    let request = request();
    tracing::info!(
        http.method = request.method,
        http.route = request.route,
        http.status_code = request.status,
        duration_ms = request.duration_ms,
        "request_completed"
    );
}

/// Writes the reference line in a scope that is made once: a line is measured, not a scope.
pub fn in_reference_scope() -> Work {
    let mut scope = Some(reference_scope(&request()));
    Box::new(move || Scope::with_owned(&mut scope, event))
}

/// Installs our layer as it is installed where nothing exports; its lines are given up.
pub fn install() {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _| give_up(line));
    tracing_subscriber::registry()
        .with(EnvFilter::new("info"))
        .with(layer)
        .init();
}

/// The same where spans are exported: whoever looks at them has a filter of its own, and so do lines.
pub fn install_beside_spans() {
    let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _| give_up(line));
    tracing_subscriber::registry()
        .with(layer.with_filter(EnvFilter::new("info")))
        .init();
}

/// Installs the whole way of a line. What cannot be taken at once is dropped or waited for.
pub fn install_with_writer(overflow: Overflow) {
    let config = Config::default()
        .with_deployment("prod")
        .with_level(LevelFilter::INFO)
        .with_overflow(overflow);
    let guard = Telemetry::builder()
        .with_config(config)
        .with_output(Sink)
        .install();
    std::mem::forget(guard);
}

fn telemetry() -> Work {
    install();
    in_reference_scope()
}

fn telemetry_with_writer() -> Work {
    install_with_writer(Overflow::Drop);
    in_reference_scope()
}
