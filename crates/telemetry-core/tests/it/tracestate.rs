//! The `tracestate` header as W3C Trace Context has it, level 2: a test for each case of the
//! recommendation's test suite, and the rest of sections 3.3 and 3.5.

use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceId, TraceState};
use telemetry_core::propagation::TraceContext;

use crate::service::{Headers, PARENT, TRACE, call, extract, state_of};

/// Members `bar01=01` to `bar<last>=<last>`, ten in a header.
fn numbered(last: usize) -> Vec<String> {
    let members: Vec<_> = (1..=last).map(|at| format!("bar{at:02}={at:02}")).collect();
    members
        .chunks(10)
        .map(|members| members.join(","))
        .collect()
}

fn state_of_all(states: &[String]) -> String {
    let states: Vec<_> = states.iter().map(String::as_str).collect();
    state_of(&states)
}

/// What is sent beneath a span with this state, when these headers came in.
fn sent_with(state: TraceState, trace_id: TraceId, received: &str) -> String {
    let context = extract(&[("traceparent", PARENT), ("tracestate", received)]);
    let old = context.span().span_context().clone();
    let span = SpanContext::new(trace_id, old.span_id(), old.trace_flags(), false, state);
    let mut sent = Headers::default();
    TraceContext.inject_context(&context.with_remote_span_context(span), &mut sent);
    sent.one("tracestate").to_owned()
}

#[test]
fn a_tracestate_without_traceparent_is_discarded() {
    assert_eq!(call(&[("tracestate", "foo=1")]).state, "");
    assert_eq!(call(&[("tracestate", "foo=1,bar=2")]).state, "");
}

#[test]
fn a_tracestate_goes_on_with_its_traceparent() {
    assert_eq!(state_of(&["foo=1,bar=2"]), "foo=1,bar=2");
}

#[test]
fn a_header_of_another_name_is_no_tracestate() {
    for name in ["trace-state", "trace.state"] {
        let sent = call(&[("traceparent", PARENT), (name, "foo=1")]);
        assert_eq!((sent.trace_id.as_str(), sent.state.as_str()), (TRACE, ""));
    }
}

#[test]
fn the_name_of_tracestate_may_be_in_any_case() {
    for name in ["TraceState", "TrAcEsTaTe", "TRACESTATE"] {
        let sent = call(&[("traceparent", PARENT), (name, "foo=1")]);
        assert_eq!(sent.state, "foo=1");
    }
}

#[test]
fn an_empty_tracestate_is_accepted_and_not_sent() {
    assert_eq!(state_of(&[""]), "");
    assert_eq!(state_of(&["foo=1", ""]), "foo=1");
    assert_eq!(state_of(&["", "foo=1"]), "foo=1");
    assert_eq!(state_of(&[" \t", ",", "foo=1, ,\t,bar=2,"]), "foo=1,bar=2");
}

#[test]
fn several_tracestate_headers_are_one_in_their_order() {
    let states = ["foo=1,bar=2", "rojo=1,congo=2", "baz=3"];
    assert_eq!(state_of(&states), "foo=1,bar=2,rojo=1,congo=2,baz=3");
}

#[test]
fn of_a_key_that_is_there_twice_the_first_goes_on() {
    assert_eq!(state_of(&["foo=1,foo=1"]), "foo=1");
    assert_eq!(state_of(&["foo=1,bar=3,foo=2"]), "foo=1,bar=3");
    assert_eq!(state_of(&["foo=1", "foo=1"]), "foo=1");
    assert_eq!(state_of(&["foo=2", "foo=1"]), "foo=2");
}

#[test]
fn every_character_that_is_allowed_goes_on() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value: String = (' '..='~').filter(|byte| !",=".contains(*byte)).collect();
    for key in [key.to_owned(), format!("{key}@a-z0-9_-*/"), "0@".to_owned()] {
        let state = format!("{key}={value}");
        assert_eq!(state_of(&[&state]), state);
    }
}

#[test]
fn white_space_around_members_is_ignored() {
    let all = "foo=1,bar=2,baz=3";
    assert_eq!(state_of(&["foo=1 \t , \t bar=2, \t baz=3"]), all);
    assert_eq!(state_of(&["foo=1\t \t,\t \tbar=2,\t \tbaz=3"]), all);
    for state in [" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"] {
        assert_eq!(state_of(&[state]), "foo=1");
    }
    assert_eq!(
        state_of(&["foo=  1 "]),
        "foo=  1",
        "leading space is of the value"
    );
}

#[test]
fn a_tracestate_with_an_illegal_key_is_discarded() {
    for key in ["foo ", "FOO", "foo.bar", "", "_foo", "-foo", "fóo", "foo\t"] {
        assert_eq!(state_of(&[&format!("{key}=1,bar=2")]), "", "{key:?}");
    }
    assert_eq!(
        state_of(&["foo,bar=2"]),
        "",
        "a member is a key and a value"
    );
}

// The published suite has the grammar of level 1 here, in which one `@` stands between a
// tenant and a system; in that of level 2 it is a character like others, but for the first.
#[test]
fn a_key_begins_with_no_at_sign_and_may_have_several() {
    assert_eq!(state_of(&["@foo=1,bar=2"]), "");
    for state in ["foo@=1,bar=2", "foo@@bar=1,bar=2", "bar=2,foo@bar@baz=1"] {
        assert_eq!(state_of(&[state]), state);
    }
}

#[test]
fn a_tracestate_of_more_than_32_members_is_discarded() {
    let of_32 = numbered(32);
    assert_eq!(state_of_all(&of_32), of_32.join(","));
    assert_eq!(state_of_all(&numbered(33)), "");
    let with_empty_ones = of_32.join(", ,");
    assert_eq!(state_of(&[&with_empty_ones]), of_32.join(","));
}

#[test]
fn a_key_of_more_than_256_characters_is_illegal() {
    let with = |key: &str| format!("foo=1,{key}=1");
    let (of_256, of_257) = ("z".repeat(256), "z".repeat(257));
    assert_eq!(state_of(&[&with(&of_256)]), with(&of_256));
    assert_eq!(state_of(&[&with(&of_257)]), "");
    // An `@` divides no longer: what counts is the whole.
    for key in [
        format!("{}@{}", "t".repeat(241), "v".repeat(14)),
        format!("{}@v", "t".repeat(242)),
        format!("t@{}", "v".repeat(15)),
    ] {
        assert_eq!(state_of(&[&with(&key)]), with(&key));
    }
    assert_eq!(state_of(&[&with(&format!("{}@v", "t".repeat(255)))]), "");
}

#[test]
fn a_tracestate_with_an_illegal_value_is_discarded() {
    let long = "v".repeat(257);
    for value in ["bar=baz", "", " ", "a\tb", "a\u{7f}", "é", &long] {
        assert_eq!(state_of(&[&format!("foo={value},bar=3")]), "", "{value:?}");
    }
    let longest = format!("foo={}", "v".repeat(256));
    assert_eq!(state_of(&[&longest]), longest);
}

#[test]
fn a_long_tracestate_goes_on_whole() {
    let members = (10..42).map(|at| format!("{at}{}={}", "k".repeat(254), "v".repeat(256)));
    let state = members.collect::<Vec<_>>().join(",");
    assert!(state.len() > 16_000);
    assert_eq!(state_of(&[&state]), state);
}

#[test]
fn what_is_changed_goes_to_the_left_of_what_came_in() {
    let trace_id = TraceId::from_hex(TRACE).unwrap();
    let received = "foo=1,t@v@w=2,bar=3";
    let state = |state: &str| state.parse::<TraceState>().unwrap();
    assert_eq!(
        sent_with(state("foo=1,bar=3"), trace_id, received),
        received
    );
    assert_eq!(
        sent_with(state("ours=0,foo=1,bar=3"), trace_id, received),
        "ours=0,foo=1,t@v@w=2,bar=3"
    );
    assert_eq!(
        sent_with(state("bar=4,foo=1"), trace_id, received),
        "bar=4,foo=1,t@v@w=2"
    );
    assert_eq!(
        sent_with(state("bar=3"), trace_id, received),
        "t@v@w=2,bar=3",
        "foo is deleted"
    );
}

#[test]
fn what_is_added_costs_the_last_of_32_members() {
    let received = format!("t@v@w=2,{}", numbered(31).join(","));
    let state = format!("ours=0,{}", numbered(31).join(","));
    let trace_id = TraceId::from_hex(TRACE).unwrap();
    assert_eq!(
        sent_with(state.parse().unwrap(), trace_id, &received),
        format!("ours=0,t@v@w=2,{}", numbered(30).join(","))
    );
}

#[test]
fn a_new_trace_has_nothing_of_the_old_one() {
    let sent = sent_with(TraceState::NONE, TraceId::from(7), "foo=1,t@v@w=2");
    assert_eq!(sent, "");
}

#[test]
fn a_second_extraction_forgets_the_first() {
    let first = extract(&[("traceparent", PARENT), ("tracestate", "t@v@w=2")]);
    let second =
        TraceContext.extract_with_context(&first, &Headers::of(&[("traceparent", PARENT)]));
    let mut sent = Headers::default();
    TraceContext.inject_context(&second, &mut sent);
    assert_eq!(sent.one("tracestate"), "");
}

#[test]
fn a_state_that_is_no_header_is_not_written() {
    let state = TraceState::from_key_value([
        ("foo", "1\r\nx: y"),
        ("empty", ""),
        ("end", "1 "),
        ("bar", "2"),
    ]);
    let trace_id = TraceId::from_hex(TRACE).unwrap();
    assert_eq!(sent_with(state.unwrap(), trace_id, ""), "bar=2");
}

#[test]
fn without_a_valid_span_nothing_is_written() {
    let mut sent = Headers::default();
    TraceContext.inject_context(&Context::new(), &mut sent);
    assert_eq!(sent, Headers::default());
}
