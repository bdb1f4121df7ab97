//! The propagator for `traceparent` and `tracestate`.

use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt as _};

use super::{traceparent, tracestate};

/// Reads and writes `traceparent` and `tracestate` as
/// [W3C Trace Context](https://www.w3.org/TR/trace-context-2/) says, level 2.
///
/// A `traceparent` that is invalid or doubled leaves the context as it was, so that a new
/// trace begins, and the `tracestate` unread. An invalid `tracestate` is discarded alone.
/// The carrier finds the headers whatever the case of their names, and has all of several
/// headers of one name in [`Extractor::get_all`].
///
/// Every valid `tracestate` is passed on whole: that is 32 members and 16 KiB at most.
/// Members which OpenTelemetry's [`TraceState`] does not allow, with an `@` in the key where
/// level 1 had none, are not seen in the span's state, but are written again wherever the
/// context is made from the extracted one.
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
        injector.set(traceparent::HEADER, traceparent::render(span));
        let state = tracestate::render(span, context);
        if !state.is_empty() {
            injector.set(tracestate::HEADER, state);
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let Some(parent) = traceparent::extract(extractor) else {
            return context.clone();
        };
        let (state, received) = tracestate::extract(extractor, parent.trace_id());
        let parent = SpanContext::new(
            parent.trace_id(),
            parent.span_id(),
            parent.trace_flags(),
            true,
            state,
        );
        tracestate::keep(context, received).with_remote_span_context(parent)
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 2]> =
            LazyLock::new(|| [traceparent::HEADER, tracestate::HEADER].map(str::to_owned));
        FieldIter::new(&*FIELDS)
    }
}
