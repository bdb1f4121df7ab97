//! The span and the metrics of a request, where something exports them.

mod attributes;
mod instruments;
mod metrics;
mod names;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use http::{Request, Uri};
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::HTTP_RESPONSE_STATUS_CODE;
use telemetry_core::Scope;
use telemetry_core::instrument::{self, with_attributes};
use telemetry_core::names::RPC_RESPONSE_STATUS_CODE;

use crate::attributes::{method_name, span_name};
use crate::failure::Ending;
use crate::grpc::GrpcCode;
use crate::hooks::RequestEnd;
use crate::proxies::Caller;
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

/// Whether the last request was sampled: most often, so will be the next.
static WAS_RECORDING: AtomicBool = AtomicBool::new(false);
/// How many attributes a span of a request has room for.
const ROOM: usize = 15;

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
    pub(crate) caller: Caller<'a>,
    /// Whether the client's address may be recorded.
    pub(crate) with_client: bool,
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
        let mut origin = origin();
        let scheme = attributes::scheme(&origin);
        let method = method_name(request.method());
        let (name, route) = match origin.route {
            Some(route) => {
                let (name, route) = names::of(method, route);
                (name, Some(route))
            }
            None => (span_name(method, None), None),
        };
        let mut builder = SpanBuilder::from_name(name).with_kind(SpanKind::Server);
        let parent = match origin.parent.take() {
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
            with_attributes(|attributes| {
                attributes::add_of_request(attributes, request, &origin, scheme, route);
                span.set_attributes(attributes.drain(..));
            });
        }
        let request = metrics::Request {
            method,
            scheme,
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
    pub(crate) fn end(
        &self,
        end: &RequestEnd,
        route: Option<&str>,
        grpc: Option<GrpcCode>,
        ending: &Ending,
    ) {
        let failure = ending.failure.as_ref();
        self.instruments.count_active(self.request, -1);
        let response = metrics::Response {
            route,
            status: end.status,
            grpc_status: grpc.map(GrpcCode::class),
            error_type: failure.map(|failure| &*failure.error_type),
        };
        let seconds = end.duration.as_secs_f64();
        self.instruments
            .record_duration(self.request, response, seconds);
        if self.is_recording {
            let status = end
                .status
                .map(|status| KeyValue::new(HTTP_RESPONSE_STATUS_CODE, i64::from(status.as_u16())));
            let grpc = grpc.map(|code| KeyValue::new(RPC_RESPONSE_STATUS_CODE, code.text()));
            let scope = Scope::current().unwrap_or_default();
            // Spares the SDK a look at the clock, and the span what the clock was set by meanwhile.
            let ended = self.started.and_then(|at| at.checked_add(end.duration));
            if let Some(error) = &ending.recorded {
                let at = ended.unwrap_or_else(opentelemetry::time::now);
                error.record_exception(&self.context.span(), at);
            }
            let taken = &attributes::OF_REQUEST;
            let attributes = status.into_iter().chain(grpc);
            instrument::end_span(&self.context, attributes, failure, &scope, taken, ended);
        }
    }
}
