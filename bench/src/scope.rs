//! A unit of work opened, given four fields, and closed.

use std::hint::black_box;

use fastrace::collector::{Config, Reporter, SpanContext, SpanRecord};
use slog::{Drain, o};
use telemetry_core::{Scope, bind};
use tracing_subscriber::EnvFilter;

use crate::line::emit_context;
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
    Contender {
        name: "emit-frame",
        set_up: emit_frame,
    },
    Contender {
        name: "fastrace-root",
        set_up: fastrace_root,
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

fn emit_frame() -> Work {
    let _installed = emit::setup().init();
    Box::new(|| {
        let request = request();
        emit::Frame::push(emit::ctxt(), emit_context(&request)).call(|| {});
    })
}

/// Takes the spans of `fastrace`, in a thread of its own, and gives them up.
pub struct GiveUp;

impl Reporter for GiveUp {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        black_box(spans);
    }
}

/// Its properties are strings.
fn fastrace_root() -> Work {
    fastrace::set_reporter(GiveUp, Config::default());
    Box::new(|| {
        let request = request();
        let span = fastrace::Span::root("request", SpanContext::random()).with_properties(|| {
            [
                ("request.id", request.id.to_owned()),
                ("user.id", request.user.to_string()),
                ("labels", format!("{:?}", request.labels)),
                ("tournament.id", request.tournament.to_string()),
            ]
        });
        let _entered = span.set_local_parent();
    })
}
