//! What is logged, and what is not.

use telemetry_core::{Config, Environment, LogFormat, Scope};

use crate::text_of;

fn config(variables: &[(&str, &str)]) -> Config {
    Config::default()
        .with_format(LogFormat::Json)
        .with_environment(&Environment::from_iter(variables.iter().copied()))
}

fn events(config: Config, work: impl FnOnce()) -> Vec<String> {
    text_of(config, work)
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["event"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn the_context_does_not_depend_on_the_level() {
    let scope = Scope::builder()
        .field("request.id", "abc")
        .field("labels", ["tournament"])
        .field("tournament.id", 5)
        .build();
    let text = text_of(config(&[("LOG_LEVEL", "ERROR")]), || {
        scope.in_scope(|| {
            tracing::info!("request_started");
            telemetry_core::bind("user.id", 42);
            tracing::error!("request_failed");
        });
    });
    assert_eq!(text.lines().count(), 1);
    assert!(
        text.contains(r#""event":"request_failed","request.id":"abc","labels":["tournament"],"tournament.id":5,"user.id":42"#),
        "{text}"
    );
}

#[test]
fn each_level_lets_itself_and_the_graver_ones_through() {
    let log = || {
        tracing::trace!("trace");
        tracing::debug!("debug");
        tracing::info!("info");
        tracing::warn!("warning");
        tracing::error!("error");
    };
    let all = ["trace", "debug", "info", "warning", "error"];
    for (at, level) in ["Trace", "debug", "INFO", "Warn", "error"]
        .into_iter()
        .enumerate()
    {
        assert_eq!(events(config(&[("LOG_LEVEL", level)]), log), all[at..]);
    }
}

#[test]
fn libraries_are_quieted_to_warnings() {
    let log = || {
        tracing::info!(target: "hyper::proto", "hyper_info");
        tracing::warn!(target: "sqlx::pool::acquire", "sqlx_warning");
        tracing::info!(target: "tower_defense", "own_info");
    };
    assert_eq!(events(config(&[]), log), ["sqlx_warning", "own_info"]);
    assert_eq!(
        events(config(&[("LOG_LEVEL", "DEBUG")]), log),
        ["sqlx_warning", "own_info"]
    );
    assert_eq!(events(config(&[("LOG_LEVEL", "ERROR")]), log), [""; 0]);
}

#[test]
fn the_warning_of_sqlx_with_the_text_of_a_slow_statement_is_no_line_unless_it_is_asked_for() {
    let log = || {
        tracing::warn!(target: "sqlx::query", "slow statement: execution time exceeded");
    };
    assert_eq!(events(config(&[]), log), [""; 0]);
    assert_eq!(events(config(&[("RUST_LOG", "trace")]), log), [""; 0]);
    for asked in ["sqlx=warn", "sqlx::query=debug"] {
        assert_eq!(events(config(&[("RUST_LOG", asked)]), log).len(), 1);
    }
}

#[test]
fn a_library_that_tells_its_results_twice_is_silent_unless_it_is_asked() {
    let log = || tracing::error!(target: "lapin::channels", "connection_error");
    assert_eq!(events(config(&[]), log), [""; 0]);
    assert_eq!(events(config(&[("LOG_LEVEL", "ERROR")]), log), [""; 0]);
    let asked = config(&[("RUST_LOG", "lapin=error")]);
    assert_eq!(events(asked, log), ["connection_error"]);
}

#[test]
fn rust_log_says_more_on_top_of_the_level() {
    let log = || {
        tracing::debug!(target: "hyper::proto", "hyper_debug");
        tracing::debug!(target: "my_crate", "my_debug");
        tracing::info!(target: "noisy", "noisy_info");
        tracing::info!("own_info");
        tracing::debug!("own_debug");
    };
    let config = config(&[(
        "RUST_LOG",
        "hyper=debug, my_crate=debug,noisy=error, =bad=, ",
    )]);
    assert_eq!(config.warnings().len(), 1, "{:?}", config.warnings());
    assert_eq!(config.warnings()[0].variable, "RUST_LOG");
    assert_eq!(events(config, log), ["hyper_debug", "my_debug", "own_info"]);
}

#[test]
fn warnings_about_telemetry_itself_are_shown_at_any_level() {
    let log = || {
        tracing::info!(target: "telemetry_core", "installed");
        tracing::warn!(target: "telemetry_core", "bad_setting");
        tracing::warn!(target: "telemetry_otel", "export_failing");
        tracing::warn!(target: "telemetry_http", "request_cancelled");
    };
    let error = ("LOG_LEVEL", "ERROR");
    let told = ["bad_setting", "export_failing"];
    assert_eq!(events(config(&[error]), log), told);
    let without = ("RUST_LOG", "telemetry_core=error,telemetry_otel=error");
    assert_eq!(events(config(&[error, without]), log), [""; 0]);
}

#[test]
fn plain_text_lines_take_the_place_of_structured_ones() {
    let text = text_of(config(&[("STRUCTLOG_ENABLED", "no")]), || {
        tracing::info!(a = 1, "x");
        let _outer = tracing::info_span!("outer", b = 2).entered();
        tracing::info_span!("inner").in_scope(|| tracing::warn!("y"));
    });
    let rows: Vec<_> = text
        .lines()
        .map(|row| &row["2024-01-15T10:23:45.123456Z".len()..])
        .collect();
    assert_eq!(
        rows,
        [
            "  INFO it::levels: x a=1",
            "  WARN outer:inner: it::levels: y b=2"
        ]
    );
}

#[test]
fn plain_text_lines_have_the_context_and_no_secrets_and_are_one_row() {
    let text = text_of(config(&[("STRUCTLOG_ENABLED", "no")]), || {
        let scope = Scope::builder()
            .field("request.id", "abc")
            .field("labels", ["a", "b"])
            .field("token", "t")
            .build();
        let span = tracing::info_span!("sign_in", secret = "s");
        scope.in_scope(|| {
            span.in_scope(|| {
                tracing::info!(
                    password = "x",
                    dsn = "redis://u:p@h",
                    quoted = "a \"b\"\n",
                    "first\n2024-01-15T10:23:45.123456Z  INFO forged: \u{1b}[31m\"second\""
                );
            });
        });
    });
    let row = &text["2024-01-15T10:23:45.123456Z".len()..];
    assert_eq!(
        row,
        concat!(
            "  INFO sign_in: it::levels: first\\n2024-01-15T10:23:45.123456Z  INFO forged: ",
            "\\u001b[31m\"second\" password=\"[redacted]\" dsn=\"redis://[redacted]@h\" ",
            "quoted=\"a \\\"b\\\"\\n\" secret=\"[redacted]\" request.id=\"abc\" ",
            "labels=[\"a\",\"b\"] token=\"[redacted]\"\n"
        )
    );
}

#[test]
fn without_telemetry_there_are_no_lines() {
    assert_eq!(
        text_of(config(&[("TELEMETRY_ENABLED", "0")]), || tracing::error!(
            "x"
        )),
        ""
    );
}

/// Logs an informational event and a warning of each of these targets.
macro_rules! log_as {
    ($($target:literal),*) => {{
        $(
            tracing::info!(target: $target, concat!($target, " info"));
            tracing::warn!(target: $target, concat!($target, " warning"));
        )*
    }};
}

#[test]
fn libraries_are_never_louder_than_the_level_of_all_others() {
    let log = || {
        log_as!("sqlx::pool", "want", "mine");
        tracing::error!(target: "hyper::proto", "hyper error");
    };
    for variables in [
        &[("RUST_LOG", "off")][..],
        &[("RUST_LOG", "OFF"), ("LOG_LEVEL", "DEBUG")],
    ] {
        assert_eq!(events(config(variables), log), [""; 0], "{variables:?}");
    }
    for variables in [
        &[("RUST_LOG", "error")][..],
        &[("RUST_LOG", "debug,error")],
        &[("LOG_LEVEL", "critical")],
    ] {
        assert_eq!(
            events(config(variables), log),
            ["hyper error"],
            "{variables:?}"
        );
    }
}

#[test]
fn libraries_are_quieted_whatever_sets_the_level() {
    let log = || log_as!("sqlx::pool", "want", "mine");
    let quieted = [
        "sqlx::pool warning",
        "want warning",
        "mine info",
        "mine warning",
    ];
    for variables in [
        &[("LOG_LEVEL", "ERROR"), ("RUST_LOG", "debug")][..],
        &[("LOG_LEVEL", "WARN"), ("RUST_LOG", "trace")],
        &[("LOG_LEVEL", "CRITICAL"), ("RUST_LOG", "info,other=off")],
        &[("RUST_LOG", "[span]=debug")],
    ] {
        assert_eq!(events(config(variables), log), quieted, "{variables:?}");
    }
}

#[test]
fn the_crates_of_an_application_are_not_taken_for_libraries() {
    let log = || {
        log_as!(
            "apalis_workers",
            "opentelemetry_demo",
            "tower_defense::game",
            "want-list",
            "apalis_core::worker",
            "opentelemetry-otlp",
            "tower"
        );
    };
    assert_eq!(
        events(config(&[]), log),
        [
            "apalis_workers info",
            "apalis_workers warning",
            "opentelemetry_demo info",
            "opentelemetry_demo warning",
            "tower_defense::game info",
            "tower_defense::game warning",
            "want-list info",
            "want-list warning",
            "apalis_core::worker warning",
            "opentelemetry-otlp warning",
            "tower warning",
        ]
    );
}

#[test]
fn a_directive_makes_one_part_of_a_library_louder() {
    let log = || log_as!("hyper::proto", "hyper::client::pool", "lapin::channel");
    let asked = config(&[("RUST_LOG", "hyper::client=debug,lapin::channel=info")]);
    assert_eq!(
        events(asked, log),
        [
            "hyper::proto warning",
            "hyper::client::pool info",
            "hyper::client::pool warning",
            "lapin::channel info",
            "lapin::channel warning",
        ]
    );
}

#[test]
fn nothing_is_said_of_telemetry_itself_where_everything_is_off() {
    let log = || log_as!("telemetry_core");
    assert_eq!(events(config(&[("RUST_LOG", "off")]), log), [""; 0]);
    let error = config(&[("LOG_LEVEL", "DEBUG"), ("RUST_LOG", "error")]);
    assert_eq!(events(error, log), ["telemetry_core warning"]);
}
