//! Which spans are kept for lines, whatever the level of lines.

use std::sync::Arc;

use telemetry_core::{Config, Environment, LogFormat, Telemetry};
use tracing::field::Empty;

use crate::text_of;

fn config(variables: &[(&str, &str)]) -> Config {
    Config::default()
        .with_format(LogFormat::Json)
        .with_environment(&Environment::from_iter(variables.iter().copied()))
}

/// The fields of the lines that `work` logs, without the head.
fn fields(variables: &[(&str, &str)], work: impl FnOnce()) -> Vec<String> {
    text_of(config(variables), work)
        .lines()
        .map(|line| {
            let (_, rest) = line.split_once(r#","event":"#).unwrap();
            rest.to_owned()
        })
        .collect()
}

#[tracing::instrument]
fn work(tournament: u64) {
    tracing::error!("x");
}

#[test]
fn the_fields_of_spans_do_not_depend_on_the_level() {
    for variables in [
        &[("LOG_LEVEL", "ERROR")][..],
        &[("LOG_LEVEL", "WARNING")],
        &[("RUST_LOG", "error")],
        &[("RUST_LOG", "it=error")],
        &[("RUST_LOG", "it::span_levels=warn")],
        &[("LOG_LEVEL", "ERROR"), ("RUST_LOG", "it=error")],
        &[("LOG_LEVEL", "ERROR"), ("RUST_LOG", "other=off")],
        &[("RUST_LOG", "off,it=error")],
    ] {
        assert_eq!(
            fields(variables, || work(5)),
            [r#""x","tournament":5}"#],
            "{variables:?}"
        );
    }
}

#[test]
fn nested_spans_and_what_is_recorded_later_are_kept() {
    let lines = fields(&[("LOG_LEVEL", "ERROR")], || {
        let outer = tracing::info_span!("outer", round = Empty, league = 1);
        outer.in_scope(|| {
            tracing::warn_span!("warned", team = 2).in_scope(|| work(3));
            outer.record("round", 4);
            tracing::error!("y");
        });
        tracing::error!("z");
    });
    let expected = [
        r#""x","tournament":3,"team":2,"league":1}"#,
        r#""y","league":1,"round":4}"#,
        r#""z"}"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn no_event_below_the_level_is_let_through() {
    let lines = fields(&[("LOG_LEVEL", "ERROR")], || {
        tracing::info_span!("s", a = 1).in_scope(|| {
            tracing::warn!("warned");
            tracing::info!("informed");
            tracing::error!("failed");
        });
    });
    assert_eq!(lines, [r#""failed","a":1}"#]);
}

#[test]
fn spans_below_info_are_kept_where_their_level_is_logged() {
    let log = || {
        tracing::debug_span!("s", a = 1).in_scope(|| tracing::error!("x"));
        tracing::trace_span!("s", b = 2).in_scope(|| tracing::error!("y"));
    };
    let (without, with_a, with_b) = (r#""x"}"#, r#""x","a":1}"#, r#""y","b":2}"#);
    for (level, expected) in [
        ("ERROR", [without, r#""y"}"#]),
        ("INFO", [without, r#""y"}"#]),
        ("DEBUG", [with_a, r#""y"}"#]),
        ("TRACE", [with_a, with_b]),
    ] {
        assert_eq!(fields(&[("LOG_LEVEL", level)], log), expected, "{level}");
    }
}

#[test]
fn a_directive_that_is_off_switches_spans_off_too() {
    let log = || {
        tracing::info_span!(target: "noisy", "s", a = 1)
            .in_scope(|| tracing::info_span!("s", b = 2).in_scope(|| tracing::error!("x")));
    };
    let without = [r#""x","b":2}"#];
    for level in ["ERROR", "INFO", "DEBUG"] {
        let off = &[("LOG_LEVEL", level), ("RUST_LOG", "noisy=off")];
        assert_eq!(fields(off, log), without, "{level}");
    }
    let with = [r#""x","b":2,"a":1}"#];
    assert_eq!(fields(&[("RUST_LOG", "noisy=error")], log), with);
}

#[test]
fn spans_of_quieted_libraries_are_no_fields_unless_they_are_asked_for() {
    let targets = || {
        tracing::info_span!(target: "hyper::proto", "s", a = 1).in_scope(|| {
            tracing::info_span!(target: "h2::codec", "s", b = 2).in_scope(|| {
                tracing::info_span!(target: "sqlx::query", "s", c = 3).in_scope(|| {
                    tracing::info_span!(target: "lapin::channels", "s", d = 4)
                        .in_scope(|| tracing::error!("x"));
                });
            });
        });
    };
    let none = [r#""x"}"#];
    for variables in [
        &[("LOG_LEVEL", "ERROR")][..],
        &[("LOG_LEVEL", "WARNING")],
        &[("LOG_LEVEL", "INFO")],
        &[("LOG_LEVEL", "DEBUG")],
        &[("RUST_LOG", "error")],
        &[(
            "RUST_LOG",
            "hyper=error,sqlx=warn,h2::codec=error,lapin=error",
        )],
    ] {
        assert_eq!(fields(variables, targets), none, "{variables:?}");
    }
    let asked = &[("LOG_LEVEL", "ERROR"), ("RUST_LOG", "hyper=info,h2=debug")];
    assert_eq!(fields(asked, targets), [r#""x","b":2,"a":1}"#]);
}

#[test]
fn a_directive_of_a_span_still_lets_its_events_through() {
    let log = || {
        tracing::info_span!("pick", hero = 7).in_scope(|| {
            tracing::debug!("thought");
            tracing::info_span!("inner", b = 2).in_scope(|| tracing::debug!("twice"));
        });
        tracing::info_span!("other", c = 3).in_scope(|| {
            tracing::debug!("not");
            tracing::error!("failed");
        });
    };
    let lines = fields(&[("LOG_LEVEL", "ERROR"), ("RUST_LOG", "[pick]=debug")], log);
    let expected = [
        r#""thought","hero":7}"#,
        r#""twice","b":2,"hero":7}"#,
        r#""failed","c":3}"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn plain_text_lines_show_spans_at_any_level_too() {
    let text = text_of(
        config(&[("STRUCTLOG_ENABLED", "false"), ("LOG_LEVEL", "ERROR")]),
        || work(5),
    );
    assert!(
        text.contains("work: it::span_levels: x tournament=5"),
        "{text}"
    );
}

/// Takes all that there is, as a layer that exports does.
struct Everything;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Everything {}

#[test]
fn beside_other_layers_spans_are_kept_alike() {
    let lines: Arc<std::sync::Mutex<Vec<String>>> = Arc::default();
    let copies = Arc::clone(&lines);
    let telemetry = Telemetry::builder()
        .with_config(config(&[("LOG_LEVEL", "ERROR"), ("RUST_LOG", "noisy=off")]))
        .with_output(std::io::sink())
        .with_layer(Everything)
        .with_copies_of_lines(move |line: &[u8], _| {
            let line = String::from_utf8_lossy(line).into_owned();
            copies.lock().unwrap().push(line);
        })
        .build()
        .unwrap();
    telemetry.run(|| {
        let hidden = tracing::info_span!(target: "noisy", "hidden", a = 1);
        hidden.in_scope(|| tracing::debug_span!("hidden", b = 2).in_scope(|| work(5)));
        tracing::info!("not logged");
    });
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].ends_with("\"event\":\"x\",\"tournament\":5}\n"),
        "{lines:?}"
    );
}
