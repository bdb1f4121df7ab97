//! The propagator for `traceparent` and `tracestate`.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceId};

use super::traceparent::{self, RANDOM};
use super::tracestate::{self, Members};

/// Reads and writes `traceparent` and `tracestate` as
/// [W3C Trace Context](https://www.w3.org/TR/trace-context-2/) says, level 2.
///
/// A `traceparent` that is invalid or doubled leaves the context as it was, so that a new
/// trace begins, and the `tracestate` unread. An invalid `tracestate` is discarded alone.
/// The carrier finds the headers whatever the case of their names, and has all of several
/// headers of one name in [`Extractor::get_all`].
///
/// Every valid `tracestate` is passed on whole: that is 32 members and some 16 KiB at most.
/// Members which OpenTelemetry's [`TraceState`] does not allow, with an `@` in the key where
/// level 1 had none, are not in the span's state, but are written again wherever the context
/// is made from the extracted one. So is the random flag of a trace that is not sampled.
///
/// [`TraceState`]: opentelemetry::trace::TraceState
#[derive(Clone, Copy, Debug, Default)]
pub struct TraceContext;

impl TextMapPropagator for TraceContext {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if !span.is_valid() {
            return;
        }
        let received = context
            .get::<Received>()
            .filter(|received| received.trace_id == span.trace_id());
        let mut flags = span.trace_flags().to_u8();
        let mut members: &[_] = &[];
        if let Some(received) = received {
            flags |= received.flags & RANDOM;
            members = &received.members;
        }
        injector.set(traceparent::HEADER, traceparent::render(span, flags));
        let state = tracestate::render(span.trace_state(), members);
        if !state.is_empty() {
            injector.set(tracestate::HEADER, state);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match traceparent::extract(extractor) {
            Some(parent) => beneath(&parent, context, extractor),
            None => context.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 2]> =
            LazyLock::new(|| [traceparent::HEADER, tracestate::HEADER].map(str::to_owned));
        FieldIter::new(&*FIELDS)
    }
}

/// Reads the trace into an empty context; `None` when the carrier has none.
pub(super) fn extract(extractor: &dyn Extractor) -> Option<Context> {
    let parent = traceparent::extract(extractor)?;
    Some(beneath(&parent, &Context::new(), extractor))
}

/// Puts the span that a `traceparent` names into a context, with the `tracestate` beside it.
fn beneath(parent: &SpanContext, context: &Context, extractor: &dyn Extractor) -> Context {
    let (state, members) = tracestate::extract(extractor);
    let received = Received {
        trace_id: parent.trace_id(),
        flags: parent.trace_flags().to_u8(),
        members,
    };
    received
        .keep(context)
        .with_remote_span_context(SpanContext::new(
            parent.trace_id(),
            parent.span_id(),
            parent.trace_flags(),
            true,
            state,
        ))
}

/// What of a trace the spans beneath may lose: OpenTelemetry's SDK drops the random flag
/// with a span that it does not sample, and its [`TraceState`] some members.
///
/// It travels beside the span, and so as far as contexts are made from the extracted one.
///
/// [`TraceState`]: opentelemetry::trace::TraceState
#[derive(Debug)]
struct Received {
    /// The trace that it is of: another one is not given it.
    trace_id: TraceId,
    flags: u8,
    /// Empty when the span's state holds all.
    members: Members,
}

impl Received {
    /// Puts it into a context where it says something, in place of what came in before.
    fn keep(self, context: &Context) -> Context {
        let says_nothing = self.flags & RANDOM == 0 && self.members.is_empty();
        if says_nothing && context.get::<Self>().is_none() {
            context.clone()
        } else {
            context.with_value(self)
        }
    }
}
