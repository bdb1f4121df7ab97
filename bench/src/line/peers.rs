//! The reference line by others. Their context is made once, as ours.

use std::cell::RefCell;
use std::ops::ControlFlow;

use emit::Props as _;
use logforth::bridge::log::LogBridge;
use logforth::diagnostic::ThreadLocalDiagnostic;
use logforth::layout::JsonLayout;
use logforth::record::{Level, LevelFilter, Record};
use logforth::{Append, Diagnostic, Layout as _};
use slog::{Drain, Logger, o};
use tracing_bunyan_formatter::{BunyanFormattingLayer, JsonStorageLayer};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::counts::give_up;
use crate::line::event;
use crate::{Request, Sink, Work, request};

/// Writes the reference line in a span that has the context and is entered once.
pub fn in_reference_span() -> Work {
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

pub fn install_tracing_subscriber_json() {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(EnvFilter::new("info"))
        .with_writer(|| Sink)
        .init();
}

pub fn tracing_subscriber_json() -> Work {
    install_tracing_subscriber_json();
    in_reference_span()
}

pub fn json_subscriber() -> Work {
    let layer = json_subscriber::layer()
        .flatten_event(true)
        .with_writer(|| Sink)
        .with_filter(EnvFilter::new("info"));
    tracing_subscriber::registry().with(layer).init();
    in_reference_span()
}

pub fn tracing_bunyan_formatter() -> Work {
    let lines = BunyanFormattingLayer::new("bench".to_owned(), || Sink);
    tracing_subscriber::registry()
        .with(EnvFilter::new("info"))
        .with(JsonStorageLayer)
        .with(lines)
        .init();
    // It also writes a line where a span begins and where it ends: before and after the measured
    // ones.
    in_reference_span()
}

/// A logger with the context as its values.
pub fn slog_json_root() -> Logger {
    let request = request();
    let drain = slog_json::Json::new(Sink).add_default_keys().build();
    let drain = std::sync::Mutex::new(drain.fuse()).fuse();
    Logger::root(
        drain,
        o!(
            "request.id" => request.id,
            "user.id" => request.user,
            "labels" => format!("{:?}", request.labels),
            "tournament.id" => request.tournament,
        ),
    )
}

pub fn slog_line(logger: Logger) -> Work {
    Box::new(move || {
        let request = request();
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

pub fn slog_json() -> Work {
    slog_line(slog_json_root())
}

/// The context as `emit` takes it.
pub fn emit_context(request: &Request) -> [(&'static str, emit::Value<'_>); 4] {
    [
        ("request.id", emit::Value::from(request.id)),
        ("user.id", emit::Value::from(request.user)),
        ("labels", emit::Value::from_sval(&request.labels)),
        ("tournament.id", emit::Value::from(request.tournament)),
    ]
}

/// `emit` itself has no writer of JSON lines but that of `emit_file`, which writes to files alone:
/// an event is written as that does, into a buffer that is kept.
pub fn emit_json() -> Work {
    let lines = emit::emitter::from_fn(|event| {
        thread_local! {
            static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        LINE.with_borrow_mut(|line| {
            line.clear();
            if sval_json::stream_to_io_write(&mut *line, EmitLine(&event)).is_ok() {
                line.push(b'\n');
                give_up(line);
            }
        });
    });
    let _installed = emit::setup().emit_to(lines).init();
    let request = request();
    let mut context = emit::Frame::push(emit::ctxt(), emit_context(&request));
    Box::new(move || {
        let _entered = context.enter();
        let request = crate::request();
        emit::info!(
            "request_completed",
            #[emit::key("http.method")]
            method: request.method,
            #[emit::key("http.route")]
            route: request.route,
            #[emit::key("http.status_code")]
            status: request.status,
            duration_ms: request.duration_ms,
        );
    })
}

/// An event as a JSON object: as `emit_file` writes it.
struct EmitLine<'a, P>(&'a emit::Event<'a, P>);

impl<P: emit::Props> sval::Value for EmitLine<'_, P> {
    fn stream<'sval, S: sval::Stream<'sval> + ?Sized>(&'sval self, stream: &mut S) -> sval::Result {
        stream.record_begin(None, None, None, None)?;
        if let Some(extent) = self.0.extent() {
            field(stream, &sval::Label::new("ts"), |stream| {
                sval::stream_display(stream, extent.as_point())
            })?;
        }
        field(stream, &sval::Label::new("mdl"), |stream| {
            sval::stream_display(stream, self.0.mdl())
        })?;
        field(stream, &sval::Label::new("msg"), |stream| {
            sval::stream_display(stream, self.0.msg())
        })?;
        field(stream, &sval::Label::new("tpl"), |stream| {
            sval::stream_display(stream, self.0.tpl())
        })?;
        let _ = self.0.props().dedup().for_each(|key, value| {
            let label = sval::Label::new_computed(key.get());
            match field(stream, &label, |stream| stream.value_computed(&value)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        stream.record_end(None, None, None)
    }
}

fn field<'sval, S: sval::Stream<'sval> + ?Sized>(
    stream: &mut S,
    label: &sval::Label,
    value: impl FnOnce(&mut S) -> sval::Result,
) -> sval::Result {
    stream.record_value_begin(None, label)?;
    value(stream)?;
    stream.record_value_end(None, label)
}

/// Takes the lines of `logforth`.
#[derive(Debug)]
pub struct SinkAppend(JsonLayout);

impl Append for SinkAppend {
    fn append(
        &self,
        record: &Record,
        diagnostics: &[Box<dyn Diagnostic>],
    ) -> Result<(), logforth::Error> {
        let mut line = self.0.format(record, diagnostics)?;
        line.push(b'\n');
        give_up(&line);
        Ok(())
    }

    fn flush(&self) -> Result<(), logforth::Error> {
        Ok(())
    }
}

/// Installs `logforth` for what `log` takes, with the context of `diagnostic`.
pub fn install_logforth(diagnostic: impl Into<Box<dyn Diagnostic>>) {
    let logger = logforth::core::builder()
        .dispatch(|dispatch| {
            dispatch
                .filter(LevelFilter::MoreSevereEqual(Level::Info))
                .diagnostic(diagnostic)
                .append(SinkAppend(JsonLayout::default()))
        })
        .build();
    let bridge = Box::new(LogBridge::new(logger));
    log::set_boxed_logger(bridge).unwrap_or_else(|error| panic!("not installed: {error}"));
    log::set_max_level(log::LevelFilter::Info);
}

/// The context is strings: its diagnostics have no other values.
pub fn logforth_json() -> Work {
    install_logforth(ThreadLocalDiagnostic::default());
    let request = request();
    ThreadLocalDiagnostic::insert("request.id", request.id);
    ThreadLocalDiagnostic::insert("user.id", request.user.to_string());
    ThreadLocalDiagnostic::insert("labels", format!("{:?}", request.labels));
    ThreadLocalDiagnostic::insert("tournament.id", request.tournament.to_string());
    Box::new(|| {
        let request = crate::request();
        log::info!(
            "http.method" = request.method,
            "http.route" = request.route,
            "http.status_code" = request.status,
            duration_ms = request.duration_ms;
            "request_completed"
        );
    })
}
