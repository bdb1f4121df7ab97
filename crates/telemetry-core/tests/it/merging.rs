//! Where the fields of a line come from, and which wins.

use telemetry_core::{Scope, bind};

use crate::line_of;

#[test]
fn the_event_wins_over_spans_and_spans_over_the_scope() {
    let scope = Scope::builder()
        .field("scope", 1)
        .field("outer", "scope")
        .field("inner", "scope")
        .field("event", "scope")
        .field("own", "scope")
        .build();
    let line = line_of(|| {
        scope.in_scope(|| {
            let _outer =
                tracing::info_span!("s", outer = "outer", inner = "outer", own = "outer").entered();
            let _inner = tracing::info_span!("s", inner = "inner", own = "inner").entered();
            tracing::info!(own = "own", "x");
        });
    });
    assert_eq!(
        line,
        r#"{"level":"info","logger":"it::merging","event":"x","own":"own","inner":"inner","outer":"outer","scope":1,"field.event":"scope"}"#
    );
}

#[test]
fn a_field_that_is_declared_but_not_recorded_leaves_the_scopes_in_place() {
    let scope = Scope::builder().field("a", "scope").build();
    let log = |a: Option<&str>| line_of(|| scope.in_scope(|| tracing::info!(a, "x")));
    assert!(log(None).ends_with(r#""event":"x","a":"scope"}"#));
    // The same callsite, once more: what it learnt must not hide the conflict.
    assert!(log(Some("own")).ends_with(r#""event":"x","a":"own"}"#));
    assert!(log(None).ends_with(r#""event":"x","a":"scope"}"#));
}

#[test]
fn the_four_names_of_the_line_itself_cannot_be_overwritten() {
    let scope = Scope::builder()
        .field("timestamp", 1)
        .field("level", 2)
        .build();
    let line = line_of(|| {
        scope.in_scope(|| {
            let _span = tracing::info_span!("s", logger = 3).entered();
            tracing::info!(event = 4, level = 5, "x");
        });
    });
    assert_eq!(
        line,
        r#"{"level":"info","logger":"it::merging","event":"x","field.event":4,"field.level":5,"field.logger":3,"field.timestamp":1}"#
    );
}

#[test]
fn a_key_given_twice_in_one_event_has_its_last_value() {
    let line = line_of(|| tracing::info!(a = 1, b = 2, a = 3, "x"));
    assert!(line.ends_with(r#""event":"x","b":2,"a":3}"#), "{line}");
}

#[test]
fn ids_given_by_hand_win_over_those_of_the_span() {
    use opentelemetry::Context;
    use opentelemetry::trace::{
        SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
    };

    let context = SpanContext::new(
        TraceId::from(1),
        SpanId::from(2),
        TraceFlags::SAMPLED,
        true,
        TraceState::default(),
    );
    let line = line_of(|| {
        let _attached = Context::new().with_remote_span_context(context).attach();
        tracing::info!(trace_id = "mine", "x");
    });
    assert!(
        line.ends_with(r#""event":"x","trace_id":"mine","span_id":"0000000000000002"}"#),
        "{line}"
    );
}

#[test]
fn one_callsite_keeps_keys_apart_under_changing_contexts() {
    // Many sets of keys meet one callsite: what it remembers of one must not be taken for
    // another.
    for round in 0..3 {
        for number in 0..200 {
            let key = format!("key{}", (number * 7 + round) % 100);
            let scope = Scope::builder()
                .field(&key, "scope")
                .field("shared", number)
                .build();
            let line = line_of(|| {
                scope.in_scope(|| {
                    let shared = (number % 2 == 0).then_some("own");
                    tracing::info!(key1 = "own", key2 = "own", key3 = "own", shared, "x");
                });
            });
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(line.matches(&format!("\"{key}\"")).count(), 1, "{line}");
            assert_eq!(line.matches("\"shared\"").count(), 1, "{line}");
            assert_eq!(value["key1"], "own");
            match number % 2 {
                0 => assert_eq!(value["shared"], "own"),
                _ => assert_eq!(value["shared"], number),
            }
        }
    }
}

#[test]
fn what_is_bound_later_is_on_later_lines_alone() {
    let mut lines = crate::lines_of(|| {
        Scope::new().in_scope(|| {
            tracing::info!("before");
            bind("a", 1);
            tracing::info!("after");
        });
    })
    .into_iter();
    assert!(lines.next().unwrap().ends_with(r#""event":"before"}"#));
    assert!(lines.next().unwrap().ends_with(r#""event":"after","a":1}"#));
}
