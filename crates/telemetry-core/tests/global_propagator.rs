//! A propagator that is set for the whole process, in a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(
    clippy::disallowed_methods,
    reason = "what is tested is that a global one is used"
)]

use std::collections::HashMap;

use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{
    Extractor, Injector, TextMapCompositePropagator, TextMapPropagator,
};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceState};
use opentelemetry::{Context, global};
use telemetry_core::propagation::{self, Baggage};
use telemetry_core::{Scope, context};

/// A format of its own: the trace id alone.
#[derive(Debug)]
struct Other([String; 1]);

impl TextMapPropagator for Other {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        injector.set(
            "other",
            context.span().span_context().trace_id().to_string(),
        );
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        let Some(id) = extractor.get("other").and_then(|id| id.parse::<u32>().ok()) else {
            return context.clone();
        };
        context.with_remote_span_context(SpanContext::new(
            u128::from(id).into(),
            SpanId::from(1),
            TraceFlags::SAMPLED,
            true,
            TraceState::NONE,
        ))
    }

    fn fields(&self) -> FieldIter<'_> {
        FieldIter::new(&self.0)
    }
}

#[test]
fn a_global_propagator_is_used_for_the_trace_and_never_for_baggage() {
    global::set_text_map_propagator(TextMapCompositePropagator::new(vec![
        Box::new(Other(["other".to_owned()])),
        Box::new(Baggage),
    ]));
    let parent = "00-12345678901234567890123456789012-1234567890123456-01";
    let carrier = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    };

    let theirs = carrier(&[("other", "7"), ("baggage", "request.id=abc,tenant=x")]);
    assert!(propagation::extract(&theirs).is_none());
    assert!(propagation::extract(&carrier(&[("traceparent", parent)])).is_some());
    propagation::use_global_propagator();
    let trace = propagation::extract(&theirs).unwrap();
    assert_eq!(trace.span().span_context().trace_id(), 7.into());
    assert!(trace.baggage().is_empty());
    assert!(propagation::extract(&carrier(&[("traceparent", parent)])).is_none());

    let with_baggage = Baggage.extract_with_context(&trace, &theirs);
    let mut sent = HashMap::new();
    propagation::inject(&with_baggage, &mut sent);
    let id = format!("{:032x}", 7);
    assert_eq!(sent, carrier(&[("other", &id)]));
    sent.clear();
    propagation::inject(&Context::new(), &mut sent);
    assert!(sent.is_empty(), "an invalid span is nobody's parent");

    let mut scope = Scope::builder();
    propagation::extract_trusted(&theirs, &mut scope).unwrap();
    let scope = scope.build();
    assert_eq!(scope.in_scope(context).len(), 1);
    scope.in_scope(|| propagation::inject_trusted(&with_baggage, &mut sent));
    assert_eq!(
        sent,
        carrier(&[("other", &id), ("baggage", "request.id=abc")])
    );
}
