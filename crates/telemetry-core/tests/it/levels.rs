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
        tracing::warn!(target: "sqlx::query", "sqlx_warning");
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
    });
    assert!(text.ends_with(" INFO it::levels: x a=1\n"), "{text}");
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
