//! The spans of users.

use otlp_test_collector::Collector;

use crate::child::play;

#[test]
fn spans_of_users_are_children_of_the_current_span() {
    let collector = Collector::start();
    play("spans", &collector, &[]);
    let request = collector.wait_for_span("request");
    for name in ["draw_bracket", "of_a_game"] {
        let span = collector.wait_for_span(name);
        assert_eq!(span.trace_id, request.trace_id);
        assert_eq!(span.parent_id.as_ref(), Some(&request.span_id));
    }
    let continued = collector.wait_for_span("beneath_sampled");
    assert_eq!(continued.trace_id, "00000000000000000000000000000abc");
    assert_eq!(continued.parent_id.as_deref(), Some("0000000000000def"));
}

#[test]
fn spans_beneath_an_unsampled_one_of_debug_level_and_of_export_are_left_out() {
    // The sampler would take them all.
    let collector = Collector::start();
    play("spans", &collector, &[("LOG_LEVEL", "TRACE")]);
    let mut names: Vec<_> = collector
        .spans()
        .into_iter()
        .map(|span| span.name)
        .collect();
    names.sort_unstable();
    let expected = ["beneath_sampled", "draw_bracket", "of_a_game", "request"];
    assert_eq!(names, expected);
}

#[test]
fn fields_become_attributes_and_unsigned_ones_strings() {
    let collector = Collector::start();
    play("work", &collector, &[]);
    let attributes = collector.wait_for_span("draw_bracket").attributes;
    assert_eq!(attributes["rounds"], 3);
    // So it is in tracing-opentelemetry; the documentation of the crate says so.
    assert_eq!(attributes["teams"], "8");
    let names: Vec<_> = attributes.keys().collect();
    assert_eq!(names, ["rounds", "teams"]);
}

#[test]
fn the_level_of_lines_does_not_matter_to_spans() {
    let collector = Collector::start();
    let ended = play("work", &collector, &[("LOG_LEVEL", "ERROR")]);
    collector.wait_for_span("draw_bracket");
    assert!(ended.lines.is_empty(), "{ended:?}");
    assert!(collector.logs().is_empty());
}

#[test]
fn a_line_within_a_span_is_a_record_and_no_event_of_the_span() {
    let collector = Collector::start();
    play("work", &collector, &[]);
    let span = collector.wait_for_span("draw_bracket");
    let record = collector.wait_for_log("bracket_drawn");
    assert_eq!(record.span_id, Some(span.span_id));
    assert!(span.events.is_empty(), "{:?}", span.events);
}

#[test]
fn scopes_of_users_spans_and_records_are_those_of_the_conventions() {
    let collector = Collector::start();
    play("work", &collector, &[]);
    let scope = collector.wait_for_span("draw_bracket").scope;
    assert_eq!(
        (&*scope.name, &*scope.version),
        ("telemetry-otel", env!("CARGO_PKG_VERSION"))
    );
    let schema = "https://opentelemetry.io/schemas/";
    assert!(scope.schema_url.starts_with(schema), "{scope:?}");
    let scope = collector.wait_for_log("bracket_drawn").scope;
    assert_eq!(scope.name, "it::scenarios");
    assert!(scope.schema_url.starts_with(schema), "{scope:?}");
}
