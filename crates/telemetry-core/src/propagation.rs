//! What crosses to other processes: the trace to and from anybody, and fields of the
//! context to and from trusted peers.
//!
//! | | reads | writes |
//! |---|---|---|
//! | anybody | [`extract`] | [`inject`] |
//! | peers that are trusted: jobs, the message broker, listed hosts | [`extract_trusted`] | [`inject_trusted`] |
//!
//! ```
//! use std::collections::HashMap;
//!
//! use telemetry_core::{Scope, propagation};
//!
//! let request = Scope::builder().field("request.id", "abc-123").field("user.id", 42).build();
//! let mut message = HashMap::new();
//! request.in_scope(|| {
//!     propagation::inject_trusted(&opentelemetry::Context::current(), &mut message);
//! });
//! assert_eq!(message["baggage"], "request.id=abc-123,user.id=42");
//!
//! // In the process that takes the message:
//! let mut scope = Scope::builder();
//! if let Some(trace) = propagation::extract_trusted(&message, &mut scope) {
//!     scope.trace(&trace);
//! }
//! let scope = scope.build();
//! assert_eq!(scope.get("request.id").unwrap(), "abc-123");
//! assert_eq!(scope.get("user.id").unwrap(), 42);
//! ```
//!
//! The trace is read and written by [`TraceContext`], or, after [`use_global_propagator`], by
//! OpenTelemetry's global propagator, so that another format than W3C's can be chosen. Baggage is
//! always W3C's.

mod baggage;
mod context_fields;
mod trace_context;
mod traceparent;
mod tracestate;

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::{Context, global};

pub use baggage::Baggage;
pub(crate) use baggage::decode as percent_decoded;
pub use trace_context::TraceContext;

pub use crate::trace::current;

use crate::scope::ScopeBuilder;

static BAGGAGE: AtomicBool = AtomicBool::new(true);
static USES_GLOBAL: AtomicBool = AtomicBool::new(false);

/// Reads the trace that a carrier brings, and nothing else; `None` when it brings none that
/// is valid. For carriers that anybody may have written.
pub fn extract(carrier: &dyn Extractor) -> Option<Context> {
    let extracted = with_global(|propagator| {
        // It is given an empty context: it must not return the one that is current.
        let context = propagator.extract_with_context(&Context::new(), carrier);
        crate::trace::valid(&context).map(without_baggage)
    });
    extracted.unwrap_or_else(|| trace_context::extract(carrier))
}

/// Reads the trace as [`extract`] does, and sets the fields `request.id`, `user.id` and
/// `labels` of a new scope from the baggage, in place of what it has. No other member of the
/// baggage is looked at.
///
/// A request id that is not [valid](crate::is_valid_request_id) is left out. Baggage is
/// text: a `user.id` that reads as an integer becomes one.
pub fn extract_trusted(carrier: &dyn Extractor, scope: &mut ScopeBuilder) -> Option<Context> {
    if BAGGAGE.load(Ordering::Relaxed) {
        context_fields::extract(carrier, scope);
    }
    extract(carrier)
}

/// Writes the trace of `context`, and nothing else; nothing when it has no valid span.
pub fn inject(context: &Context, carrier: &mut dyn Injector) {
    if let Some(context) = crate::trace::valid(context).map(without_baggage) {
        let injected = with_global(|propagator| propagator.inject_context(&context, carrier));
        if injected.is_none() {
            TraceContext.inject_context(&context, carrier);
        }
    }
}

/// Writes the trace as [`inject`] does, and the fields `request.id`, `user.id` and `labels`
/// of the current scope as baggage: as far as it has them, the id is
/// [valid](crate::is_valid_request_id), and the whole has at most 8192 bytes.
///
/// For trusted peers alone: it tells who is acting.
pub fn inject_trusted(context: &Context, carrier: &mut dyn Injector) {
    inject(context, carrier);
    if BAGGAGE.load(Ordering::Relaxed) {
        context_fields::inject(carrier);
    }
}

/// Says whether fields of the context cross to trusted peers at all, as baggage. They do by
/// default; `OTEL_PROPAGATORS` without `baggage` says no.
pub fn set_baggage(crosses: bool) {
    BAGGAGE.store(crosses, Ordering::Relaxed);
}

/// Makes the trace be read and written by OpenTelemetry's global propagator, from now on and in the
/// whole process. To be called once it is set; as long as none is, W3C's format is used.
///
/// It is not looked for unless somebody says so: it is behind a lock that all threads share, and each
/// request would take it.
pub fn use_global_propagator() {
    USES_GLOBAL.store(true, Ordering::Release);
}

/// Calls `work` with the global propagator; `None` when it is not used, or none is set.
#[inline]
fn with_global<T>(mut work: impl FnMut(&dyn TextMapPropagator) -> T) -> Option<T> {
    if !USES_GLOBAL.load(Ordering::Acquire) {
        return None;
    }
    global::get_text_map_propagator(|propagator| {
        // The default one does nothing, and knows no fields.
        propagator.fields().next()?;
        Some(work(propagator))
    })
}

/// Takes out what a global propagator for baggage reads from, and would write for, anybody.
fn without_baggage(context: Context) -> Context {
    if context.baggage().is_empty() {
        context
    } else {
        context.with_cleared_baggage()
    }
}
