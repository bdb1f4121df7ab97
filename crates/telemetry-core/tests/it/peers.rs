//! What is taken from and told to anybody, and what only trusted peers.

use opentelemetry::baggage::BaggageExt as _;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry::{Context, KeyValue};
use proptest::prelude::*;
use telemetry_core::{Scope, Value, propagation};

use crate::service::{Headers, PARENT, TRACE, extract as context_of};

fn scope() -> Scope {
    Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament", "draft"])
        .field("tournament.id", 5)
        .build()
}

fn sent_from(scope: &Scope, context: &Context) -> Headers {
    let mut sent = Headers::default();
    scope.in_scope(|| propagation::inject_trusted(context, &mut sent));
    sent
}

fn received(headers: &Headers) -> Vec<(String, Value)> {
    let mut scope = Scope::builder();
    propagation::extract_trusted(headers, &mut scope);
    scope.build().fields()
}

fn baggage(scope: &Scope) -> String {
    sent_from(scope, &Context::new()).one("baggage").to_owned()
}

fn value_of(key: &str, baggage: &str) -> Option<Value> {
    let fields = received(&Headers::of(&[("baggage", baggage)]));
    fields
        .into_iter()
        .find(|(name, _)| name == key)
        .map(|(_, value)| value)
}

#[test]
fn the_trace_and_three_fields_reach_a_trusted_peer() {
    let sent = sent_from(&scope(), &context_of(&[("traceparent", PARENT)]));
    assert_eq!(sent.one("traceparent"), PARENT);
    assert_eq!(
        sent.one("baggage"),
        "request.id=abc-123,user.id=42,labels=tournament%2Cdraft"
    );

    let mut scope = Scope::builder();
    let trace = propagation::extract_trusted(&sent, &mut scope).unwrap();
    assert_eq!(trace.span().span_context().trace_id().to_string(), TRACE);
    let scope = scope.build();
    assert_eq!(scope.get("request.id").unwrap(), "abc-123");
    assert_eq!(scope.get("user.id").unwrap(), 42);
    assert_eq!(scope.get("labels").unwrap(), ["tournament", "draft"]);
    assert_eq!(scope.fields().len(), 3);
}

#[test]
fn anybody_is_told_the_trace_alone() {
    let mut sent = Headers::default();
    let context = context_of(&[("traceparent", PARENT), ("tracestate", "foo=1")]);
    let context = context.with_baggage(vec![KeyValue::new("secret", "1")]);
    scope().in_scope(|| propagation::inject(&context, &mut sent));
    assert_eq!(
        sent,
        Headers::of(&[("traceparent", PARENT), ("tracestate", "foo=1")])
    );
}

#[test]
fn of_anybody_the_trace_alone_is_read() {
    let headers = Headers::of(&[
        ("traceparent", PARENT),
        ("baggage", "request.id=abc,user.id=1"),
    ]);
    let context = propagation::extract(&headers).unwrap();
    assert!(context.span().span_context().is_remote());
    assert!(context.baggage().is_empty());
}

#[test]
fn a_carrier_without_a_valid_trace_gives_none() {
    let other = context_of(&[("traceparent", PARENT)]);
    let _current = other.attach();
    assert!(propagation::extract(&Headers::default()).is_none());
    assert!(propagation::extract(&Headers::of(&[("traceparent", "junk")])).is_none());
    let doubled = Headers::of(&[("traceparent", PARENT), ("traceparent", PARENT)]);
    assert!(propagation::extract(&doubled).is_none());
}

#[test]
fn no_other_field_can_come_in() {
    let hostile = "tenant=evil,level=error,trace_id=1,password=x,REQUEST.ID=abc,event=x";
    assert_eq!(received(&Headers::of(&[("baggage", hostile)])), []);
    let hostile = "request.id=a%0ab,request.id=a%22%2C%22b,user.id=,labels=";
    assert_eq!(received(&Headers::of(&[("baggage", hostile)])), []);
}

#[test]
fn a_request_id_must_be_valid_on_both_sides() {
    let longest = "x".repeat(128);
    for (id, is_valid) in [
        ("Az09._:-", true),
        (&*longest, true),
        (&*format!("{longest}x"), false),
        ("a b", false),
        ("é", false),
    ] {
        let scope = Scope::builder().field("request.id", id).build();
        assert_eq!(baggage(&scope).is_empty(), !is_valid, "{id}");
        let read = value_of(
            "request.id",
            &format!("request.id={}", id.replace(' ', "%20")),
        );
        assert_eq!(read.is_some(), is_valid, "{id}");
    }
}

#[test]
fn a_user_id_keeps_its_type_as_far_as_text_tells() {
    for (id, read) in [
        (Value::I64(42), Value::I64(42)),
        (Value::I64(-1), Value::I64(-1)),
        (Value::U64(u64::MAX), Value::U64(u64::MAX)),
        (
            Value::String("u-é, 7".into()),
            Value::String("u-é, 7".into()),
        ),
        (Value::String("042".into()), Value::String("042".into())),
        (Value::String("+42".into()), Value::String("+42".into())),
        (Value::String("42".into()), Value::I64(42)),
    ] {
        let sent = baggage(&Scope::builder().field("user.id", id).build());
        assert_eq!(value_of("user.id", &sent), Some(read), "{sent}");
    }
}

#[test]
fn fields_of_other_types_are_not_sent() {
    let mut scope = Scope::builder();
    scope
        .field("request.id", 1)
        .field("user.id", true)
        .field("labels", "tournament");
    assert_eq!(baggage(&scope.build()), "");
    assert_eq!(
        baggage(&Scope::builder().field("labels", [""; 0]).build()),
        ""
    );
}

#[test]
fn without_a_scope_no_baggage_is_sent() {
    let mut sent = Headers::default();
    propagation::inject_trusted(&Context::new(), &mut sent);
    assert_eq!(sent, Headers::default());
}

#[test]
fn labels_too_long_for_baggage_do_not_cost_the_ids() {
    let scope = scope();
    scope.bind("labels", ["x".repeat(9000)]);
    assert_eq!(baggage(&scope), "request.id=abc-123,user.id=42");
}

#[test]
fn what_comes_in_replaces_what_the_scope_began_with() {
    let mut scope = Scope::builder();
    scope.field("request.id", "own").field("labels", ["own"]);
    propagation::extract_trusted(
        &Headers::of(&[("baggage", "request.id=theirs")]),
        &mut scope,
    );
    let scope = scope.build();
    assert_eq!(scope.get("request.id").unwrap(), "theirs");
    assert_eq!(scope.get("labels").unwrap(), ["own"]);
}

proptest! {
    #[test]
    fn labels_read_back_as_they_were(
        labels in prop::collection::vec("(?s).{1,8}|[,%2C]{1,6}", 1..6)
    ) {
        let sent = baggage(&Scope::builder().field("labels", labels.clone()).build());
        prop_assert_eq!(sent.matches(',').count(), 0);
        prop_assert_eq!(value_of("labels", &sent), Some(Value::List(labels)));
    }

    #[test]
    fn any_baggage_gives_three_fields_at_most(baggage in "(?s).{0,80}|([a-z.]{1,10}=[!-~]{0,9},?){0,9}") {
        let fields = received(&Headers::of(&[("baggage", &baggage)]));
        let is_known = |(key, _): &(String, Value)| {
            ["request.id", "user.id", "labels"].contains(&key.as_str())
        };
        prop_assert!(fields.iter().all(is_known), "{:?}", fields);
    }
}
