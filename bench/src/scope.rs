//! A unit of work opened, given four fields, and closed.

use slog::{Drain, o};
use telemetry_core::{Scope, bind};
use tracing_subscriber::EnvFilter;

use crate::{Contender, Sink, Work, request};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "telemetry-bound-later",
        set_up: telemetry_bound_later,
    },
    Contender {
        name: "tracing-subscriber-span",
        set_up: tracing_span,
    },
    Contender {
        name: "slog-child-logger",
        set_up: slog_child,
    },
];

fn telemetry() -> Work {
    Box::new(|| {
        let request = request();
        Scope::builder()
            .field("request.id", request.id)
            .field("user.id", request.user)
            .field("labels", request.labels)
            .field("tournament.id", request.tournament)
            .build()
            .in_scope(|| {});
    })
}

fn telemetry_bound_later() -> Work {
    Box::new(|| {
        let request = request();
        Scope::new().in_scope(|| {
            bind("request.id", request.id);
            bind("user.id", request.user);
            bind("labels", request.labels);
            bind("tournament.id", request.tournament);
        });
    })
}

fn tracing_span() -> Work {
    tracing_subscriber::fmt()
        .json()
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(|| Sink)
        .init();
    Box::new(|| {
        let request = request();
        let _entered = tracing::info_span!(
            "request",
            request.id = request.id,
            user.id = request.user,
            labels = ?request.labels,
            tournament.id = request.tournament
        )
        .entered();
    })
}

fn slog_child() -> Work {
    let drain = slog_json::Json::new(Sink).add_default_keys().build();
    let drain = std::sync::Mutex::new(drain.fuse()).fuse();
    let root = slog::Logger::root(drain, o!());
    Box::new(move || {
        let request = request();
        drop(root.new(o!(
            "request.id" => request.id,
            "user.id" => request.user,
            "labels" => format!("{:?}", request.labels),
            "tournament.id" => request.tournament,
        )));
    })
}
