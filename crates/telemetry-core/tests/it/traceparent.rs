//! The `traceparent` header as W3C Trace Context has it, level 2: a test for each case of
//! the recommendation's test suite, and the rest of section 3.2.

use std::collections::BTreeSet;

use opentelemetry::propagation::TextMapPropagator as _;
use proptest::prelude::*;
use telemetry_core::propagation::TraceContext;

use crate::service::{Headers, TRACE, assert_continued, assert_restarted, call, call_for, caller};

const VALID: &str = "00-12345678901234567890123456789012-1234567890123456-01";

#[test]
fn a_call_without_headers_begins_a_trace() {
    let sent = call(&[]);
    assert_eq!(sent.state, "");
}

#[test]
fn a_traceparent_without_tracestate_is_continued_with_another_parent() {
    let sent = call(&[("traceparent", VALID)]);
    assert_eq!(sent.trace_id, TRACE);
    assert_ne!(sent.parent_id, "1234567890123456");
    assert_eq!(sent.state, "");
}

#[test]
fn a_doubled_traceparent_restarts_the_trace() {
    let other = "00-12345678901234567890123456789011-1234567890123456-01";
    for second in [other, VALID, "", "junk"] {
        let headers = [("traceparent", VALID), ("traceparent", second)];
        assert!(!caller(&headers).is_valid());
        let sent = call(&headers);
        assert!(sent.trace_id != TRACE && !other.contains(&sent.trace_id));
    }
}

#[test]
fn a_header_of_another_name_is_no_traceparent() {
    for name in ["trace-parent", "trace.parent"] {
        assert!(!caller(&[(name, VALID)]).is_valid());
    }
}

#[test]
fn the_name_of_traceparent_may_be_in_any_case() {
    for name in ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"] {
        assert_eq!(call(&[(name, VALID)]).trace_id, TRACE);
    }
}

#[test]
fn version_0_has_nothing_behind_its_flags() {
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-01.");
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-01-what-comes");
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-01-");
}

#[test]
fn a_later_version_is_read_as_far_as_its_flags() {
    for version in ["01", "cc", "fe"] {
        let of = |behind: &str| {
            format!("{version}-12345678901234567890123456789012-1234567890123456-01{behind}")
        };
        assert_continued(&of(""));
        assert_continued(&of("-what-comes"));
        assert_continued(&of("-"));
        assert_restarted(&of(".what-comes"));
    }
}

#[test]
fn version_ff_restarts_the_trace() {
    assert_restarted("ff-12345678901234567890123456789012-1234567890123456-01");
}

#[test]
fn a_version_is_of_lower_case_digits() {
    assert_restarted(".0-12345678901234567890123456789012-1234567890123456-01");
    assert_restarted("0.-12345678901234567890123456789012-1234567890123456-01");
    assert_restarted("CC-12345678901234567890123456789012-1234567890123456-01");
}

#[test]
fn a_version_has_at_most_two_digits() {
    assert_restarted("000-12345678901234567890123456789012-1234567890123456-01");
    assert_restarted("0000-12345678901234567890123456789012-1234567890123456-01");
}

#[test]
fn a_version_has_at_least_two_digits() {
    assert_restarted("0-12345678901234567890123456789012-1234567890123456-01");
}

#[test]
fn a_trace_id_of_zeros_restarts_the_trace() {
    assert_restarted("00-00000000000000000000000000000000-1234567890123456-01");
}

#[test]
fn a_trace_id_is_of_lower_case_digits() {
    assert_restarted("00-.2345678901234567890123456789012-1234567890123456-01");
    assert_restarted("00-1234567890123456789012345678901.-1234567890123456-01");
    assert_restarted("00-1234567890123456789012345678901A-1234567890123456-01");
}

#[test]
fn a_trace_id_has_at_most_32_digits() {
    assert_restarted("00-123456789012345678901234567890123-1234567890123456-01");
}

#[test]
fn a_trace_id_has_at_least_32_digits() {
    assert_restarted("00-1234567890123456789012345678901-1234567890123456-01");
}

#[test]
fn a_parent_id_of_zeros_restarts_the_trace() {
    assert_restarted("00-12345678901234567890123456789012-0000000000000000-01");
}

#[test]
fn a_parent_id_is_of_lower_case_digits() {
    assert_restarted("00-12345678901234567890123456789012-.234567890123456-01");
    assert_restarted("00-12345678901234567890123456789012-123456789012345.-01");
    assert_restarted("00-12345678901234567890123456789012-123456789012345F-01");
}

#[test]
fn a_parent_id_has_at_most_16_digits() {
    assert_restarted("00-12345678901234567890123456789012-12345678901234567-01");
}

#[test]
fn a_parent_id_has_at_least_16_digits() {
    assert_restarted("00-12345678901234567890123456789012-123456789012345-01");
}

#[test]
fn flags_are_of_lower_case_digits() {
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-.0");
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-0.");
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-0B");
}

#[test]
fn flags_have_at_most_two_digits() {
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-001");
}

#[test]
fn flags_have_at_least_two_digits() {
    assert_restarted("00-12345678901234567890123456789012-1234567890123456-1");
}

#[test]
fn white_space_around_a_traceparent_is_ignored() {
    assert_continued(&format!(" {VALID}"));
    assert_continued(&format!("\t{VALID}"));
    assert_continued(&format!("{VALID} "));
    assert_continued(&format!("{VALID}\t"));
    assert_continued(&format!("\t {VALID} \t"));
    assert_restarted(&format!("\u{a0}{VALID}"));
    assert_restarted("00 -12345678901234567890123456789012-1234567890123456-01");
}

#[test]
fn an_empty_traceparent_restarts_the_trace() {
    assert_restarted("");
    assert_restarted(" ");
}

#[test]
fn the_random_flag_is_passed_on_in_its_trace() {
    for flags in ["02", "03"] {
        let header = format!("00-12345678901234567890123456789012-1234567890123456-{flags}");
        let sent = call(&[("traceparent", &header)]);
        assert_eq!(
            (sent.trace_id.as_str(), sent.flags.as_str()),
            (TRACE, flags)
        );
    }
}

#[test]
fn flags_that_are_not_defined_are_sent_as_zero() {
    let sent = call(&[("traceparent", &VALID.replace("-01", "-fd"))]);
    assert_eq!((sent.trace_id.as_str(), sent.flags.as_str()), (TRACE, "01"));
    let later = VALID.replacen("00", "cc", 1).replace("-01", "-ff");
    assert_eq!(
        call(&[("traceparent", &later)]).flags,
        "01",
        "the sampled flag alone"
    );
}

#[test]
fn all_calls_of_a_request_are_in_the_trace_that_came_in() {
    let sent = call_for(&[("traceparent", VALID)], 3);
    assert!(sent.iter().all(|sent| sent.trace_id == TRACE));
    let parents: BTreeSet<_> = sent.iter().map(|sent| &sent.parent_id).collect();
    assert_eq!(parents.len(), 3);
}

#[test]
fn all_calls_of_a_request_without_a_trace_have_parents_of_their_own() {
    let sent = call_for(&[], 3);
    let parents: BTreeSet<_> = sent.iter().map(|sent| &sent.parent_id).collect();
    assert_eq!(parents.len(), 3);
}

#[test]
fn all_calls_of_a_request_with_an_illegal_trace_are_in_another() {
    let illegal = "00-00000000000000000000000000000000-1234567890123456-01";
    let sent = call_for(&[("traceparent", illegal)], 3);
    assert!(sent.iter().all(|call| call.trace_id == sent[0].trace_id));
    let parents: BTreeSet<_> = sent.iter().map(|sent| &sent.parent_id).collect();
    assert_eq!(parents.len(), 3);
    assert!(!parents.contains(&"1234567890123456".to_owned()));
}

#[test]
fn the_headers_that_are_written_are_known_as_fields() {
    let fields: Vec<_> = TraceContext.fields().collect();
    assert_eq!(fields, ["traceparent", "tracestate"]);
}

/// Reads headers and writes what was read.
fn passed_on(headers: &Headers) -> Headers {
    let context = TraceContext.extract_with_context(&opentelemetry::Context::new(), headers);
    let mut sent = Headers::default();
    TraceContext.inject_context(&context, &mut sent);
    sent
}

proptest! {
    #[test]
    fn any_headers_are_read_without_panic_and_read_back_as_they_are_written(
        parents in prop::collection::vec(
            prop_oneof![
                3 => Just(VALID.to_owned()),
                1 => "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.{0,4})?",
                1 => "(?s).{0,60}",
            ],
            0..3,
        ),
        states in prop::collection::vec(
            prop_oneof![
                "([a-z@][a-z@]{0,3}=[a-z ]{1,2}[\t ]?,){0,34}",
                "(?s).{0,40}",
                "[a-z=,@ ]{0,40}",
            ],
            0..3,
        ),
    ) {
        let mut headers = Headers::default();
        headers.0.extend(parents.into_iter().map(|value| ("traceparent".to_owned(), value)));
        headers.0.extend(states.into_iter().map(|value| ("tracestate".to_owned(), value)));
        let once = passed_on(&headers);
        prop_assert_eq!(&passed_on(&once), &once);
    }

    #[test]
    fn every_valid_traceparent_is_written_as_it_was(
        parent in "00-[0-9a-f]{31}[1-9a-f]-[0-9a-f]{15}[1-9a-f]-0[0-3]",
    ) {
        let sent = passed_on(&Headers::of(&[("traceparent", &parent)]));
        prop_assert_eq!(sent.one("traceparent"), parent);
    }

    #[test]
    fn every_valid_tracestate_is_written_as_it_was(
        members in prop::collection::btree_map(
            "[a-z0-9][a-z0-9_*/@-]{0,20}",
            "[ -+\\--<>-~]{0,20}[!-+\\--<>-~]",
            0..=32,
        ),
    ) {
        let members: Vec<_> = members.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let state = members.join(",");
        let sent = passed_on(&Headers::of(&[("traceparent", VALID), ("tracestate", &state)]));
        prop_assert_eq!(sent.one("tracestate"), state);
    }
}
