//! What the environment says, and what is made of it.

use super::*;

fn config(variables: &[(&str, &str)]) -> Config {
    Config::default().with_environment(&Environment::from_iter(variables.iter().copied()))
}

/// The warnings as `variable: problem; using …`.
fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    let config = config(variables);
    config.warnings().iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_environment_gives_the_defaults() {
    let config = config(&[]);
    assert!(config.is_enabled() && config.is_structured() && config.colors());
    assert!(!config.is_otel_enabled());
    assert_eq!(config.deployment(), "dev");
    assert_eq!(config.level(), "info");
    assert_eq!(config.format(), LogFormat::Pretty);
    assert_eq!(config.overflow(), Overflow::Drop);
    assert_eq!(config.buffer_capacity(), 8 * 1024 * 1024);
    assert_eq!(config.http_names(), HttpNames::Classic);
    assert!(config.service_name().starts_with("telemetry_core"));
    assert_eq!(config.warnings(), []);
}

#[test]
fn limits_are_bytes_and_zero_is_none() {
    let default = config(&[]);
    assert_eq!(
        (default.value_limit(), default.line_limit()),
        (2048, 16_000)
    );
    let set = config(&[("LOG_VALUE_LIMIT", "16"), ("LOG_LINE_LIMIT", "1000")]);
    assert_eq!((set.value_limit(), set.line_limit()), (16, 1000));
    let none = config(&[("LOG_VALUE_LIMIT", "0"), ("LOG_LINE_LIMIT", "0")]);
    assert_eq!((none.value_limit(), none.line_limit()), (0, 0));
    assert_eq!(
        warnings(&[("LOG_VALUE_LIMIT", "2KiB"), ("LOG_LINE_LIMIT", "999")]),
        [
            "LOG_VALUE_LIMIT: \"2KiB\" is no number of bytes; using 2048",
            "LOG_LINE_LIMIT: 999 is below 1000, and not 0, which is no limit; using 16000"
        ]
    );
    let in_code = Config::default().with_value_limit(1).with_line_limit(1);
    assert_eq!((in_code.value_limit(), in_code.line_limit()), (16, 1000));
}

#[test]
fn slow_statements_have_a_duration_and_zero_is_off() {
    let slow = |value| config(&[("TELEMETRY_SLOW_STATEMENT", value)]).slow_statement();
    assert_eq!(config(&[]).slow_statement(), Duration::from_secs(1));
    assert_eq!(slow("500ms"), Duration::from_millis(500));
    assert_eq!(slow("0"), Duration::ZERO);
    assert_eq!(
        warnings(&[("TELEMETRY_SLOW_STATEMENT", "1000")]),
        [
            "TELEMETRY_SLOW_STATEMENT: \"1000\" is no duration such as 500ms, 2s or 1m, and not 0; \
             using 1s"
        ]
    );
    let in_code = Config::default().with_slow_statement(Duration::from_secs(2));
    assert_eq!(in_code.slow_statement(), Duration::from_secs(2));
}

#[test]
fn an_unset_an_empty_and_a_blank_variable_are_the_default() {
    for value in ["", "   "] {
        let variables: Vec<_> = VARIABLES.iter().map(|known| (known.name, value)).collect();
        let config = config(&variables);
        assert_eq!(config.warnings(), []);
        assert_eq!((config.level(), config.colors()), ("info", true));
    }
}

#[test]
fn booleans_have_three_words_each_in_any_case() {
    for word in ["true", "1", "yes", "TRUE", "Yes", " true "] {
        assert!(
            config(&[("OTEL_ENABLED", word)]).is_otel_enabled(),
            "{word}"
        );
    }
    for word in ["false", "0", "no", "FALSE", "No"] {
        assert!(
            !config(&[("TELEMETRY_ENABLED", word)]).is_enabled(),
            "{word}"
        );
        assert!(
            !config(&[("STRUCTLOG_ENABLED", word)]).is_structured(),
            "{word}"
        );
    }
}

#[test]
fn a_bad_value_leaves_the_default_with_one_warning() {
    assert_eq!(
        warnings(&[("TELEMETRY_ENABLED", "on")]),
        ["TELEMETRY_ENABLED: \"on\" is neither true, 1, yes nor false, 0, no; using true"]
    );
    assert_eq!(
        warnings(&[("LOG_LEVEL", "loud")]),
        ["LOG_LEVEL: \"loud\" is not one of TRACE, DEBUG, INFO, WARNING, ERROR; using info"]
    );
    assert_eq!(
        warnings(&[("LOG_FORMAT", "xml"), ("NODE_ENV", "prod")]),
        ["LOG_FORMAT: \"xml\" is not one of json, pretty, console; using json"]
    );
    assert_eq!(
        warnings(&[("LOG_OVERFLOW", "panic")]),
        ["LOG_OVERFLOW: \"panic\" is not one of drop, block; using drop"]
    );
    assert_eq!(
        warnings(&[("RUST_LOG", "=x=,my_crate=debug")]),
        ["RUST_LOG: \"=x=\" is not a directive such as my_crate=debug; using the other directives"]
    );
}

#[test]
fn a_bad_value_leaves_what_the_code_has_set() {
    let config = Config::default()
        .with_level(tracing::Level::ERROR)
        .with_environment(&Environment::from_iter([("LOG_LEVEL", "loud")]));
    assert_eq!(config.level(), "error");
    assert_eq!(config.warnings()[0].using, "error");
}

#[cfg(unix)]
#[test]
fn a_value_that_is_not_utf_8_is_a_bad_value() {
    use std::os::unix::ffi::OsStringExt as _;
    let value = std::ffi::OsString::from_vec(vec![b'd', 0xff]);
    let environment = Environment::from_iter([("LOG_LEVEL", value)]);
    let config = Config::default().with_environment(&environment);
    assert_eq!(config.level(), "info");
    assert_eq!(
        config.warnings()[0].to_string(),
        "LOG_LEVEL: the value is not valid UTF-8; using the default"
    );
}

#[test]
fn levels_are_read_in_any_case() {
    for (word, level) in [
        ("trace", "trace"),
        ("Debug", "debug"),
        ("INFO", "info"),
        ("WARNING", "warning"),
        ("warn", "warning"),
        ("error", "error"),
        ("CRITICAL", "error"),
        ("critical", "error"),
    ] {
        assert_eq!(config(&[("LOG_LEVEL", word)]).level(), level);
    }
}

#[test]
fn the_deployment_chooses_the_format_unless_that_is_set() {
    for (deployment, format) in [
        ("dev", LogFormat::Pretty),
        ("development", LogFormat::Pretty),
        ("test", LogFormat::Json),
        ("prod", LogFormat::Json),
    ] {
        assert_eq!(config(&[("NODE_ENV", deployment)]).format(), format);
    }
    assert_eq!(config(&[("LOG_FORMAT", "JSON")]).format(), LogFormat::Json);
    let both = [("LOG_FORMAT", "pretty"), ("NODE_ENV", "prod")];
    assert_eq!(config(&both).format(), LogFormat::Pretty);
}

#[test]
fn the_standard_off_switch_wins() {
    let both = [("OTEL_ENABLED", "true"), ("OTEL_SDK_DISABLED", "true")];
    assert!(!config(&both).is_otel_enabled());
}

#[test]
fn any_no_color_forbids_colours() {
    assert!(!config(&[("NO_COLOR", "0")]).colors());
}

#[test]
fn what_is_said_later_wins() {
    let environment =
        Environment::from_iter([("OTEL_SERVICE_NAME", "env"), ("LOG_LEVEL", "debug")]);
    let config = Config::default()
        .with_service_name("code")
        .with_environment(&environment)
        .with_level(tracing::Level::ERROR);
    assert_eq!(config.service_name(), "env");
    assert_eq!(config.level(), "error");
}

#[test]
fn the_stability_opt_in_is_a_list() {
    for (list, names) in [
        ("http", HttpNames::Stable),
        ("database, http", HttpNames::Stable),
        ("http/dup", HttpNames::Both),
        ("http,http/dup", HttpNames::Both),
        ("database", HttpNames::Classic),
    ] {
        let config = config(&[("OTEL_SEMCONV_STABILITY_OPT_IN", list)]);
        assert_eq!(config.http_names(), names, "{list}");
        assert_eq!(config.warnings(), []);
    }
}

#[test]
fn a_misspelt_name_is_told_with_the_one_probably_meant() {
    for (name, meant) in [
        ("LOG_LEVLE", "LOG_LEVEL"),
        ("LOG_LVL", "LOG_LEVEL"),
        ("LOG_FORMATT", "LOG_FORMAT"),
        ("TELEMETRY_ENABLE", "TELEMETRY_ENABLED"),
        ("STRUCTLOG_ENABELD", "STRUCTLOG_ENABLED"),
        ("OTEL_ENABLE", "OTEL_ENABLED"),
        ("OTEL_SERVICENAME", "OTEL_SERVICE_NAME"),
        ("OTEL_EXPORTER_OTLP_ENDPIONT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_EXPORTER_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ("OTEL_METRIC_EXPORTER", "OTEL_METRICS_EXPORTER"),
    ] {
        assert_eq!(
            warnings(&[(name, "secret-value")]),
            [format!(
                "{name}: there is no such variable; {meant} is probably meant; using {meant} as it is set"
            )]
        );
    }
}

#[test]
fn a_name_that_is_another_programs_is_left_alone() {
    for name in [
        "LOG_DIR",
        "LOG_FILE",
        "LOG_GROUP_NAME",
        "TELEMETRY_URL",
        "OTEL_PYTHON_LOG_LEVEL",
        "OTEL_JAVAAGENT_ENABLED",
        "OTEL_BSP_MAX_QUEUE_SIZE",
        "OTEL_LOG_LEVEL",
        "LOGNAME",
        "MY_LOG_LEVEL",
    ] {
        assert_eq!(warnings(&[(name, "x")]), [""; 0], "{name}");
    }
}

#[test]
fn no_variable_of_the_specification_is_a_misspelling() {
    let mut count = 0;
    for (_, name) in standard_variables() {
        count += 1;
        let found = warnings(&[(name, "x")]);
        assert!(
            found
                .iter()
                .all(|warning| !warning.contains("is probably meant")),
            "{found:?}"
        );
    }
    assert_eq!(count, 89);
    // One that was taken for OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, and one that is none.
    let insecure = "OTEL_EXPORTER_OTLP_TRACES_INSECURE";
    assert_eq!(warnings(&[(insecure, "true")]), [""; 0]);
    assert_eq!(
        warnings(&[("OTEL_EXPORTER_OTLP_TRACES_INSECUR", "true")]).len(),
        1
    );
}

#[test]
fn an_empty_variable_of_a_misspelt_name_is_as_good_as_unset() {
    assert_eq!(warnings(&[("LOG_LEVLE", "")]), [""; 0]);
}

#[test]
fn the_environment_shows_no_values() {
    let environment =
        Environment::from_iter([("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic abc")]);
    assert_eq!(
        format!("{environment:?}"),
        r#"{"OTEL_EXPORTER_OTLP_HEADERS"}"#
    );
}

#[test]
fn every_documented_variable_is_known_and_named_once() {
    let mut names: Vec<_> = VARIABLES.iter().map(|variable| variable.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn formats_are_read_in_the_words_of_other_libraries_too() {
    for (word, format) in [
        ("json", LogFormat::Json),
        ("pretty", LogFormat::Pretty),
        ("console", LogFormat::Pretty),
        ("Console", LogFormat::Pretty),
    ] {
        let config = config(&[("LOG_FORMAT", word)]);
        assert_eq!(config.format(), format);
        assert!(config.warnings().is_empty(), "{:?}", config.warnings());
    }
}

#[test]
fn fields_of_every_line_are_read_from_a_list() {
    let config = config(&[("TELEMETRY_FIELDS", "region=eu, pod = web%2C1 ,empty=")]);
    let fields: Vec<_> = config
        .fields()
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().unwrap()))
        .collect();
    assert_eq!(fields, [("region", "eu"), ("pod", "web,1"), ("empty", "")]);
    assert_eq!(config.warnings(), []);
    let config = config.with_field("region", "us").with_field("shard", 7);
    let names = config.fields().iter().map(|(name, _)| name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["pod", "empty", "region", "shard"]
    );
}

#[test]
fn a_list_of_fields_that_is_bad_in_part_is_left_out_and_not_shown() {
    for list in ["region=eu,sesame", "region=eu,=sesame", "region=eu,"] {
        let config = config(&[("TELEMETRY_FIELDS", list)]);
        assert_eq!(config.fields(), []);
        let warning = config.warnings()[0].to_string();
        assert_eq!(
            warning,
            "TELEMETRY_FIELDS: entry 2 is not name=value; using none of its fields"
        );
    }
}
