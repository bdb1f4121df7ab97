//! The span and the metrics of a request, where something exports them.

mod attributes;
mod instruments;
mod metrics;
mod names;

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use http::{Request, Uri};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanKind, SpanRef, Status, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, EXCEPTION_MESSAGE, EXCEPTION_STACKTRACE, EXCEPTION_TYPE, HTTP_RESPONSE_STATUS_CODE,
};
use telemetry_core::{ClientIp, Scope};

use crate::attributes::{CANCELLED, PANIC, method_name, span_name};
use crate::hooks::{Outcome, RequestEnd};
use crate::server::instruments::{INSTRUMENTS, ServerInstruments};

/// A request that is being recorded: its server span, and its place in the metrics.
#[derive(Debug)]
pub(crate) struct Recording {
    instruments: &'static ServerInstruments,
    /// Has the server span.
    pub(crate) context: Context,
    /// Most requests are not sampled, and have a span that keeps nothing.
    is_recording: bool,
    /// When the span started, unless the SDK alone knows.
    started: Option<SystemTime>,
    request: metrics::Request,
}

/// The `error.type` of an error of the service, before there was a status.
const SERVICE_ERROR: &str = "service_error";
/// The `error.type` of an error of the body, after a status that is none.
const BODY_ERROR: &str = "body_error";
/// The name of the span event, by the semantic conventions.
const EXCEPTION: &str = "exception";

/// What is recorded when a request ends, beside how it ended.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) route: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
    pub(crate) exception: Option<&'a str>,
    pub(crate) has_panicked: bool,
}

/// Whether the last request was sampled: most often, so will be the next.
static WAS_RECORDING: AtomicBool = AtomicBool::new(false);
/// How many attributes a span of a request has room for.
const ROOM: usize = 15;

/// Calls `work` with an empty list of attributes, which it is to leave empty.
fn with_attributes(work: impl FnOnce(&mut Vec<KeyValue>)) {
    thread_local! {
        static KEPT: Cell<Vec<KeyValue>> = const { Cell::new(Vec::new()) };
    }
    let mut attributes = KEPT.try_with(Cell::take).unwrap_or_default();
    work(&mut attributes);
    // A thread that is ending needs none any more.
    let _ending = KEPT.try_with(|kept| kept.set(attributes));
}

/// Where a request comes from, and what may be recorded of it.
#[derive(Debug)]
pub(crate) struct Origin<'a> {
    /// What the client asked for.
    pub(crate) target: &'a Uri,
    /// The trace that it says it is part of.
    pub(crate) parent: Option<Context>,
    /// Anybody may call: the trace of a stranger is linked to, and not continued.
    pub(crate) is_public: bool,
    pub(crate) route: Option<&'a str>,
    pub(crate) client: Option<ClientIp>,
    pub(crate) with_query: bool,
}

impl Recording {
    /// Says whether something exports.
    pub(crate) fn is_on() -> bool {
        INSTRUMENTS.get().is_some()
    }

    /// Starts the server span and counts the request; `None` when nothing exports.
    // Not inlined: much code, which has no place among what runs without it.
    #[inline(never)]
    pub(crate) fn start<'a, B>(
        request: &Request<B>,
        origin: impl FnOnce() -> Origin<'a>,
    ) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let origin = origin();
        let target = origin.target;
        let method = method_name(request.method());
        let (name, route) = match origin.route {
            Some(route) => {
                let (name, route) = names::of(method, route);
                (name, Some(route))
            }
            None => (span_name(method, None), None),
        };
        let mut builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let parent = match origin.parent {
            Some(parent) if origin.is_public => {
                let stranger = parent.span().span_context().clone();
                builder = builder.with_links(vec![Link::new(stranger, Vec::new(), 0)]);
                Context::new()
            }
            parent => parent.unwrap_or_default(),
        };
        let was_recording = WAS_RECORDING.load(Ordering::Relaxed);
        let started = was_recording.then(opentelemetry::time::now);
        if let Some(started) = started {
            // With room for all that will be set: the SDK would make it grow again and again.
            builder = builder
                .with_start_time(started)
                .with_attributes(Vec::with_capacity(ROOM));
        }
        let mut span = instruments.tracer.build_with_context(builder, &parent);
        let is_recording = span.is_recording();
        if is_recording != was_recording {
            WAS_RECORDING.store(is_recording, Ordering::Relaxed);
        }
        // Only now: most requests are not sampled, and need none of it.
        if is_recording {
            let Origin {
                client, with_query, ..
            } = origin;
            with_attributes(|attributes| {
                attributes::add_of_request(attributes, request, target, route, client, with_query);
                span.set_attributes(attributes.drain(..));
            });
        }
        let request = metrics::Request {
            method,
            scheme: attributes::scheme(target),
            version: request.version(),
        };
        instruments.count_active(request, 1);
        Some(Self {
            instruments,
            context: parent.with_span(span),
            is_recording,
            started,
            request,
        })
    }

    /// Ends the span, with the context that the request has by then, and records the
    /// metrics, without any of it. To be called within the scope.
    #[inline(never)]
    pub(crate) fn end(&self, end: &RequestEnd, ending: &Ending<'_>) {
        let error_type = error_type(end, ending);
        self.instruments.count_active(self.request, -1);
        let response = metrics::Response {
            route: ending.route,
            status: end.status,
            error_type: error_type.as_deref(),
        };
        let seconds = end.duration.as_secs_f64();
        self.instruments
            .record_duration(self.request, response, seconds);
        if self.is_recording {
            let span = self.context.span();
            let has_failed = error_type.is_some();
            with_attributes(|attributes| {
                if let Some(status) = end.status {
                    let status = i64::from(status.as_u16());
                    attributes.push(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, status));
                }
                if let Some(error_type) = error_type {
                    attributes.push(KeyValue::new(ERROR_TYPE, error_type));
                }
                if let Some(scope) = Scope::current() {
                    scope.add_attributes(attributes, &attributes::OF_REQUEST);
                }
                span.set_attributes(attributes.drain(..));
            });
            // A client that went away is an error too, by the conventions: of the network.
            if has_failed {
                let error = ending.error.filter(|_| end.outcome == Outcome::Failed);
                span.set_status(Status::error(error.unwrap_or_default().to_owned()));
            }
            if end.outcome == Outcome::Failed {
                record_exception(&span, ending);
            }
            // Spares the SDK a look at the clock, and the span what the clock was set by meanwhile.
            match self.started.and_then(|at| at.checked_add(end.duration)) {
                Some(ended) => span.end_with_timestamp(ended),
                None => span.end(),
            }
        }
    }
}

/// The class of what went wrong, of few values: a panic, the client's going away, the
/// status, or an error before there was one or after a good one.
fn error_type(end: &RequestEnd, ending: &Ending<'_>) -> Option<Cow<'static, str>> {
    match (end.outcome, end.status) {
        (Outcome::Completed, _) => None,
        (Outcome::Cancelled, _) => Some(CANCELLED.into()),
        (Outcome::Failed, _) if ending.has_panicked => Some(PANIC.into()),
        (Outcome::Failed, Some(status)) if status.is_server_error() => {
            Some(status.as_str().to_owned().into())
        }
        (Outcome::Failed, Some(_)) => Some(BODY_ERROR.into()),
        (Outcome::Failed, None) => Some(SERVICE_ERROR.into()),
    }
}

/// Adds what a panic or an error says of itself, beside the status.
fn record_exception(span: &SpanRef<'_>, ending: &Ending<'_>) {
    let Some(error) = ending.error else { return };
    let mut attributes = vec![KeyValue::new(EXCEPTION_MESSAGE, error.to_owned())];
    if ending.has_panicked {
        attributes.push(KeyValue::new(EXCEPTION_TYPE, PANIC));
    }
    if let Some(exception) = ending.exception {
        attributes.push(KeyValue::new(EXCEPTION_STACKTRACE, exception.to_owned()));
    }
    span.add_event(EXCEPTION, attributes);
}
