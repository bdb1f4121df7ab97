//! Fields of `tracing` spans.

use telemetry_core::Scope;
use tracing::field::Empty;

use crate::{line_of, lines_of};

#[test]
fn the_fields_of_enclosing_spans_are_on_the_line() {
    let line = line_of(|| {
        let _outer = tracing::info_span!("outer", a = 1).entered();
        let _inner = tracing::info_span!("inner", b = "2", c = ?"3").entered();
        tracing::info!("x");
    });
    assert!(
        line.ends_with(r#""event":"x","b":"2","c":"\"3\"","a":1}"#),
        "{line}"
    );
}

#[test]
fn a_field_recorded_later_is_on_later_lines() {
    let lines = lines_of(|| {
        let span = tracing::info_span!("s", a = Empty, b = 1);
        let _entered = span.clone().entered();
        tracing::info!("x");
        span.record("a", "now");
        span.record("b", 2);
        tracing::info!("y");
    });
    assert!(lines[0].ends_with(r#""event":"x","b":1}"#), "{lines:?}");
    assert!(
        lines[1].ends_with(r#""event":"y","a":"now","b":2}"#),
        "{lines:?}"
    );
}

#[test]
fn an_explicit_parent_counts_and_not_the_current_span() {
    let line = line_of(|| {
        let parent = tracing::info_span!("parent", a = 1);
        let _current = tracing::info_span!("current", b = 2).entered();
        tracing::info!(parent: &parent, "x");
    });
    assert!(line.ends_with(r#""event":"x","a":1}"#), "{line}");
}

#[test]
fn a_message_of_a_span_is_a_field() {
    let line = line_of(|| {
        let _span = tracing::info_span!("s", message = "m").entered();
        tracing::info!("x");
    });
    assert!(line.ends_with(r#""event":"x","message":"m"}"#), "{line}");
}

#[test]
fn a_span_is_no_scope() {
    let line = line_of(|| {
        let _span = tracing::info_span!("s", a = 1).entered();
        assert!(Scope::current().is_none());
        telemetry_core::bind("b", 2);
        tracing::info!("x");
    });
    assert!(line.ends_with(r#""event":"x","a":1}"#), "{line}");
}
