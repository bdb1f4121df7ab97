//! The global propagator.

use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::{Context, global};
use telemetry_core::propagation::{self, TraceContext};

use crate::config::Propagators;

/// Sets what is read from and written to the headers of requests. The global propagator is for the
/// instrumentation of others: ours has W3C's format without it.
#[expect(
    clippy::disallowed_methods,
    reason = "this crate alone sets OpenTelemetry's globals"
)]
pub(crate) fn set(propagators: Propagators) {
    if propagators.trace_context {
        global::set_text_map_propagator(TraceContext);
    } else {
        global::set_text_map_propagator(Silence);
        propagation::use_global_propagator();
    }
    propagation::set_baggage(propagators.baggage);
}

/// Reads and writes nothing. It has fields, unlike the global propagator where none is set,
/// so that it is not taken for that one, in whose place W3C's would be used.
#[derive(Debug)]
struct Silence;

impl TextMapPropagator for Silence {
    fn inject_context(&self, _: &Context, _: &mut dyn Injector) {}

    fn extract_with_context(&self, context: &Context, _: &dyn Extractor) -> Context {
        context.clone()
    }

    fn fields(&self) -> FieldIter<'_> {
        TraceContext.fields()
    }
}
