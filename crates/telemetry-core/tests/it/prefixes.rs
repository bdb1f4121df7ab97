//! Which keys can stand on one line: each once, and none that extends another by a dot.

use telemetry_core::{Scope, bind, unbind};

use crate::{line_of, lines_of};

/// The own fields of the one line that `work` logs in `scope`.
fn fields_in(scope: &Scope, work: impl FnOnce()) -> String {
    let line = line_of(|| scope.in_scope(work));
    let (_, fields) = line.split_once(r#""event":"x""#).unwrap();
    fields.to_owned()
}

#[test]
fn a_reserved_name_and_the_name_it_is_kept_under_are_one_key() {
    let line = line_of(|| tracing::info!(level = "a", "field.level" = "b", "x"));
    assert!(
        line.ends_with(r#""event":"x","field.level":"b"}"#),
        "{line}"
    );
    let line = line_of(|| tracing::info!("field.user" = 1, user = 2, "x"));
    assert!(line.ends_with(r#""event":"x","field.user":2}"#), "{line}");
    // Also of a span and of a scope.
    let scope = Scope::builder().field("field.level", 1).build();
    let fields = fields_in(&scope, || {
        let _span = tracing::info_span!("s", "field.level" = 2, level = 3).entered();
        tracing::info!("x");
    });
    assert_eq!(fields, r#","field.level":3}"#);
}

#[test]
fn what_extends_a_name_of_the_line_is_kept_under_a_prefix() {
    let scope = Scope::builder()
        .field("event.id", "scope")
        .field("labels.x", 1)
        .build();
    let fields = fields_in(&scope, || {
        let _span = tracing::info_span!("s", logger.x = 2, timestamp.x = 3).entered();
        tracing::info!(
            event.id = "own",
            level.x = 4,
            error.code = 5,
            exception.x = 6,
            "x"
        );
    });
    assert_eq!(
        fields,
        r#","field.event.id":"own","field.level.x":4,"field.error.code":5,"field.exception.x":6,"field.logger.x":2,"field.timestamp.x":3,"field.labels.x":1}"#
    );
}

#[test]
fn the_first_words_of_our_names_are_kept_under_a_prefix() {
    let scope = Scope::builder()
        .field("user.id", 1)
        .field("user", 2)
        .build();
    let fields = fields_in(&scope, || {
        tracing::info!(
            request = 1,
            task = 2,
            ws = 3,
            http = 4,
            db = 5,
            cache = 6,
            messages = 7,
            queue = 8,
            pool = 9,
            "x"
        );
    });
    assert_eq!(
        fields,
        r#","field.request":1,"field.task":2,"field.ws":3,"field.http":4,"field.db":5,"field.cache":6,"field.messages":7,"field.queue":8,"field.pool":9,"user.id":1,"field.user":2}"#
    );
}

#[test]
fn the_shorter_of_a_pair_is_kept_under_a_prefix_wherever_both_come_from() {
    let tournament = Scope::builder().field("tournament.id", 5).build();
    let fields = fields_in(&tournament, || tracing::info!(tournament = "open", "x"));
    assert_eq!(fields, r#","field.tournament":"open","tournament.id":5}"#);

    // The other way round, a line of this callsite without the pair first.
    let log = || tracing::info!(tournament.id = 5, "x");
    assert_eq!(fields_in(&Scope::new(), log), r#","tournament.id":5}"#);
    let shorter = Scope::builder().field("tournament", "open").build();
    for _ in 0..3 {
        let fields = fields_in(&shorter, log);
        assert_eq!(fields, r#","tournament.id":5,"field.tournament":"open"}"#);
    }

    // Within one event, one span, one scope; and between spans.
    let fields = fields_in(&Scope::new(), || tracing::info!(a = 1, a.b = 2, "x"));
    assert_eq!(fields, r#","field.a":1,"a.b":2}"#);
    let within_scope = Scope::builder().field("a", 1).field("a.b", 2).build();
    let fields = fields_in(&within_scope, || tracing::info!("x"));
    assert_eq!(fields, r#","field.a":1,"a.b":2}"#);
    let fields = fields_in(&Scope::new(), || {
        let _outer = tracing::info_span!("outer", a.b = 1, c = 2, c.d = 3).entered();
        let _inner = tracing::info_span!("inner", a = 4).entered();
        tracing::info!("x");
    });
    assert_eq!(fields, r#","field.a":4,"a.b":1,"field.c":2,"c.d":3}"#);
}

#[test]
fn a_field_that_is_declared_but_not_recorded_renames_nothing() {
    let scope = Scope::builder().field("a", "scope").build();
    let log = |inner: Option<u8>| fields_in(&scope, || tracing::info!(a.b = inner, "x"));
    assert_eq!(log(None), r#","a":"scope"}"#);
    // What was learnt from that line must not hide the pair.
    assert_eq!(log(Some(1)), r#","a.b":1,"field.a":"scope"}"#);
    assert_eq!(log(None), r#","a":"scope"}"#);
}

#[test]
fn a_scope_keeps_what_was_bound_and_its_lines_what_can_stand_together() {
    let mut lines = lines_of(|| {
        Scope::new().in_scope(|| {
            bind("a", 1);
            tracing::info!("x");
            bind("a.b", 2);
            tracing::info!("x");
            assert!(unbind("a.b"));
            tracing::info!("x");
        });
    })
    .into_iter();
    for fields in [r#","a":1}"#, r#","field.a":1,"a.b":2}"#, r#","a":1}"#] {
        let line = lines.next().unwrap();
        assert!(line.ends_with(&format!(r#""event":"x"{fields}"#)), "{line}");
    }
}

#[test]
fn ids_of_the_span_are_fields_as_others_are() {
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
    let context = opentelemetry::Context::new().with_remote_span_context(context);
    let line = line_of(|| {
        let _attached = context.attach();
        tracing::info!(span_id.x = 1, "x");
    });
    assert!(
        line.ends_with(
            r#""span_id.x":1,"trace_id":"00000000000000000000000000000001","field.span_id":"0000000000000002"}"#
        ),
        "{line}"
    );
}

#[test]
fn more_spans_than_a_line_keeps_apart_have_no_key_twice_either() {
    let line = line_of(|| {
        let mut entered = Vec::new();
        for depth in 0..40 {
            let span = tracing::info_span!("s", depth, a.b = 1, last = tracing::field::Empty);
            if depth == 39 {
                span.record("last", 1);
            }
            entered.push(span.entered());
        }
        let _outer = tracing::info_span!("s", a = 2).entered();
        tracing::info!("x");
        while entered.pop().is_some() {}
    });
    assert!(
        line.ends_with(r#""event":"x","field.a":2,"depth":39,"a.b":1,"last":1}"#),
        "{line}"
    );
}
