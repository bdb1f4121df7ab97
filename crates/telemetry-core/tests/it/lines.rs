//! The line itself.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use telemetry_core::{Config, LogFormat, Scope};

use crate::{line_of, lines_of, text_of};

/// The unit of work of the reference lines.
fn reference_request() {
    let scope = Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament"])
        .field("tournament.id", 5)
        .build();
    scope.in_scope(|| {
        tracing::info!(
            target: "telemetry_http",
            {
                http.method = "GET",
                http.route = "/api/tournaments/5/",
                http.status_code = 200,
                duration_ms = 12.34
            },
            "request_completed"
        );
    });
}

#[test]
fn the_reference_line_in_json() {
    assert_eq!(
        line_of(reference_request),
        r#"{"level":"info","logger":"telemetry_http","event":"request_completed","http.method":"GET","http.route":"/api/tournaments/5/","http.status_code":200,"duration_ms":12.34,"request.id":"abc-123","user.id":42,"labels":["tournament"],"tournament.id":5}"#
    );
}

#[test]
fn the_reference_line_for_a_terminal() {
    let config = Config::default().with_format(LogFormat::Pretty);
    let text = text_of(config, reference_request);
    let shape: String = text[..19]
        .chars()
        .map(|character| {
            if character.is_ascii_digit() {
                '0'
            } else {
                character
            }
        })
        .collect();
    assert_eq!(shape, "0000-00-00 00:00:00");
    assert_eq!(
        &text[19..],
        " [info     ] request_completed              [telemetry_http] http.method=GET http.route=/api/tournaments/5/ http.status_code=200 duration_ms=12.34 request.id=abc-123 user.id=42 labels=['tournament'] tournament.id=5\n"
    );
}

#[test]
fn every_level_has_its_name() {
    let lines = lines_of(|| {
        tracing::trace!("x");
        tracing::debug!("x");
        tracing::info!("x");
        tracing::warn!("x");
        tracing::error!("x");
    });
    for (line, level) in lines
        .iter()
        .zip(["trace", "debug", "info", "warning", "error"])
    {
        assert!(
            line.starts_with(&format!(
                r#"{{"level":"{level}","logger":"it::lines","event":"x""#
            )),
            "{line}"
        );
    }
}

#[test]
fn values_keep_their_types() {
    let line = line_of(|| {
        tracing::info!(
            yes = true,
            no = false,
            small = -1_i8,
            large = u64::MAX,
            huge = u128::MAX,
            float = 1.0,
            tiny = 1e-7,
            text = "t",
            display = %1,
            debug = ?Some(1),
            some = Some(1),
            none = None::<i64>,
            "event"
        );
    });
    assert_eq!(
        line,
        r#"{"level":"info","logger":"it::lines","event":"event","yes":true,"no":false,"small":-1,"large":18446744073709551615,"huge":"340282366920938463463374607431768211455","float":1.0,"tiny":1e-7,"text":"t","display":"1","debug":"Some(1)","some":1}"#
    );
}

#[test]
fn floats_that_are_no_numbers_are_strings() {
    let line =
        line_of(|| tracing::info!(a = f64::NAN, b = f64::INFINITY, c = f64::NEG_INFINITY, "x"));
    assert!(
        line.ends_with(r#""a":"NaN","b":"Infinity","c":"-Infinity"}"#),
        "{line}"
    );
    let scope = Scope::builder().field("a", f64::NAN).build();
    let line = line_of(|| scope.in_scope(|| tracing::info!("x")));
    assert!(line.ends_with(r#""a":"NaN"}"#), "{line}");
}

#[test]
fn an_event_without_a_message_is_named_after_its_place() {
    let line = line_of(|| tracing::info!(a = 1));
    assert!(
        line.contains(r#""logger":"it::lines","event":"lines.rs:"#),
        "{line}"
    );
    assert!(line.ends_with(r#","a":1}"#), "{line}");
    let line = line_of(|| tracing::info!(name: "moved", a = 1));
    assert!(line.contains(r#""event":"moved""#), "{line}");
}

#[test]
fn the_message_may_stand_anywhere_and_be_formatted() {
    let line = line_of(|| tracing::info!(a = 1, message = "last", b = 2));
    assert!(line.ends_with(r#""event":"last","a":1,"b":2}"#), "{line}");
    let line = line_of(|| tracing::info!(a = 1, "{} of {}", 1, 2));
    assert!(line.ends_with(r#""event":"1 of 2","a":1}"#), "{line}");
    let line = line_of(|| tracing::info!(message = None::<&str>, a = 1));
    assert!(line.contains(r#""event":"lines.rs:"#), "{line}");
}

#[test]
fn an_error_shows_its_causes_as_the_exception() {
    let line = line_of(|| {
        let error = TournamentNotSaved;
        tracing::error!(
            error = &error as &dyn std::error::Error,
            tournament = 5,
            "tournament_failed"
        );
    });
    assert!(
        line.ends_with(
            r#""event":"tournament_failed","error":"tournament not saved","tournament":5,"exception":"tournament not saved\ncaused by: no connection\ncaused by: refused"}"#
        ),
        "{line}"
    );
}

#[test]
fn an_error_without_a_cause_has_no_exception() {
    let line = line_of(|| tracing::error!(error = &fmt::Error as &dyn std::error::Error, "x"));
    assert!(
        line.ends_with(r#""error":"an error occurred when formatting an argument"}"#),
        "{line}"
    );
}

#[test]
fn an_exception_of_the_events_own_is_kept() {
    let line = line_of(|| {
        let error = TournamentNotSaved;
        tracing::error!(
            exception = "mine",
            error = &error as &dyn std::error::Error,
            "x"
        );
    });
    assert!(
        line.ends_with(r#""exception":"mine","error":"tournament not saved"}"#),
        "{line}"
    );
}

#[test]
fn an_exception_takes_indented_lines_of_its_own_on_a_terminal() {
    let text = text_of(Config::default().with_format(LogFormat::Pretty), || {
        let error = TournamentNotSaved;
        tracing::error!(error = &error as &dyn std::error::Error, "x");
    });
    let lines: Vec<_> = text.lines().skip(1).collect();
    assert_eq!(
        lines,
        [
            "    tournament not saved",
            "    caused by: no connection",
            "    caused by: refused"
        ]
    );
}

#[test]
fn text_for_a_terminal_is_quoted_where_it_would_run_together() {
    let text = text_of(Config::default().with_format(LogFormat::Pretty), || {
        tracing::info!(
            a = "b c",
            d = "",
            e = "f=g",
            h = "\u{1b}[31m",
            i = "j",
            "two words\n"
        );
    });
    assert!(
        text.contains(
            r#"] two words\n                    [it::lines] a="b c" d="" e="f=g" h=\u001b[31m i=j"#
        ),
        "{text}"
    );
}

#[test]
fn the_ids_of_the_current_span_are_on_the_line() {
    for flags in [TraceFlags::SAMPLED, TraceFlags::NOT_SAMPLED] {
        let line = line_of(|| {
            let _attached = trace(0xabc, 0xdef, flags).attach();
            tracing::info!("x");
        });
        assert!(
            line.ends_with(r#""event":"x","trace_id":"00000000000000000000000000000abc","span_id":"0000000000000def"}"#),
            "{line}"
        );
    }
}

#[test]
fn an_invalid_span_context_gives_no_ids() {
    let line = line_of(|| {
        let _attached = trace(0, 0, TraceFlags::SAMPLED).attach();
        tracing::info!("x");
    });
    assert!(line.ends_with(r#""event":"x"}"#), "{line}");
}

#[test]
fn a_scope_brings_its_place_in_the_trace() {
    let scope = Scope::builder()
        .trace(&trace(1, 2, TraceFlags::SAMPLED))
        .field("a", 1)
        .build();
    let line = line_of(|| scope.in_scope(|| tracing::info!("x")));
    assert!(
        line.ends_with(
            r#""a":1,"trace_id":"00000000000000000000000000000001","span_id":"0000000000000002"}"#
        ),
        "{line}"
    );
    assert!(!Context::current().has_active_span());
}

#[test]
fn events_of_the_opentelemetry_crates_are_lines_without_ids() {
    let line = line_of(|| {
        let _attached = trace(1, 2, TraceFlags::SAMPLED).attach();
        tracing::warn!(target: "opentelemetry_sdk", "x");
    });
    assert!(
        line.ends_with(r#""logger":"opentelemetry_sdk","event":"x"}"#),
        "{line}"
    );
}

#[test]
fn logging_while_a_thread_ends_does_not_panic() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            tracing::info!("late");
        }
    }
    thread_local!(static LATE: Late = const { Late });

    let logged = lines_of(|| {
        let dispatch = tracing::dispatcher::get_default(Clone::clone);
        let ended = std::thread::spawn(move || {
            // Made first, hence destroyed last.
            LATE.with(|_| ());
            tracing::dispatcher::with_default(&dispatch, || {
                let scope = Scope::builder()
                    .trace(&trace(1, 2, TraceFlags::SAMPLED))
                    .build();
                scope.in_scope(|| tracing::info!("early"));
            });
        })
        .join();
        assert!(ended.is_ok());
    });
    assert_eq!(logged.len(), 1);
}

#[test]
fn a_value_that_panics_while_it_is_formatted_costs_itself_alone() {
    struct Broken;
    impl fmt::Debug for Broken {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("on purpose")
        }
    }
    let line = line_of(|| tracing::info!(value = ?Broken, after = 1, "x"));
    assert!(
        line.ends_with(r#""value":"[panicked while formatting]","after":1}"#),
        "{line}"
    );
}

fn trace(trace_id: u128, span_id: u64, flags: TraceFlags) -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from(trace_id),
        SpanId::from(span_id),
        flags,
        true,
        TraceState::default(),
    ))
}

#[derive(Debug)]
struct TournamentNotSaved;

#[derive(Debug)]
struct NoConnection;

#[derive(Debug)]
struct Refused;

macro_rules! errors {
    ($($error:ident, $message:literal, $source:expr;)*) => {$(
        impl fmt::Display for $error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($message)
            }
        }
        impl std::error::Error for $error {
            fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
                $source
            }
        }
    )*};
}

errors! {
    TournamentNotSaved, "tournament not saved", Some(&NoConnection);
    NoConnection, "no connection", Some(&Refused);
    Refused, "refused", None;
}
