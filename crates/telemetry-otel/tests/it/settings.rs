//! What the variables switch on and off.

use otlp_test_collector::{Collector, Protocol};

use crate::child::{Ended, play, play_with};

/// The warnings as `variable: problem; using …`.
fn warnings(ended: &Ended) -> Vec<String> {
    let lines = ended.lines.iter();
    let warnings = lines.filter(|line| line["event"] == "telemetry_config_warning");
    let text = |line: &serde_json::Value, name| line[name].as_str().unwrap().to_owned();
    warnings
        .map(|line| {
            let [variable, problem, using] =
                ["variable", "problem", "using"].map(|name| text(line, name));
            format!("{variable}: {problem}; using {using}")
        })
        .collect()
}

#[test]
fn without_an_endpoint_one_line_says_so_and_nothing_is_exported() {
    let ended = play_with("work", &[("OTEL_ENABLED", "true")]);
    let line = ended.single("otel_export_off");
    assert_eq!(line["level"], "warning");
    assert_eq!(line["logger"], "telemetry_otel");
    assert_eq!(
        line["problem"],
        "OTEL_EXPORTER_OTLP_ENDPOINT is not set to a URL, and no exporter is console"
    );
    assert_eq!(ended.said("exports"), "false");
    assert_eq!(ended.single("telemetry_initialized")["otel_enabled"], false);
    assert_eq!(warnings(&ended), [""; 0]);
    ended.single("bracket_drawn");
}

#[test]
fn the_first_line_shows_the_sampler_where_export_is_on() {
    let collector = Collector::start();
    for (sampler, ratio, shown) in [
        ("always_on", "0.5", None),
        ("parentbased_always_off", "0.5", None),
        ("traceidratio", "0.25", Some(0.25)),
        ("parentbased_traceidratio", "0", Some(0.0)),
        ("", "", Some(0.1)),
    ] {
        let variables = [
            ("OTEL_TRACES_SAMPLER", sampler),
            ("OTEL_TRACES_SAMPLER_ARG", ratio),
        ];
        let ended = play("work", &collector, &variables);
        let line = ended.single("telemetry_initialized");
        let default = "parentbased_traceidratio";
        let name = if sampler.is_empty() { default } else { sampler };
        assert_eq!(line["sampler"], name);
        assert_eq!(
            line.get("sampler_ratio")
                .and_then(serde_json::Value::as_f64),
            shown,
            "{name}"
        );
    }
    for off in [
        ("OTEL_ENABLED", "false"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", ""),
    ] {
        let ended = play("work", &collector, &[off]);
        let line = ended.single("telemetry_initialized");
        assert_eq!(line.get("sampler"), None, "{off:?}");
        assert_eq!(line.get("sampler_ratio"), None, "{off:?}");
    }
}

#[test]
fn with_no_exporter_at_all_the_line_says_that() {
    let collector = Collector::start();
    let none = [
        "OTEL_TRACES_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_LOGS_EXPORTER",
    ];
    let ended = play("work", &collector, &none.map(|name| (name, "none")));
    let line = ended.single("otel_export_off");
    assert_eq!(line["problem"], "the exporters of all signals are none");
    assert_eq!(collector.connections(), 0);
}

#[test]
fn export_is_off_unless_it_is_asked_for() {
    let collector = Collector::start();
    for off in [("OTEL_ENABLED", "false"), ("OTEL_SDK_DISABLED", "true")] {
        let ended = play("work", &collector, &[off]);
        assert_eq!(ended.said("exports"), "false");
        assert_eq!(ended.events(), ["telemetry_initialized", "bracket_drawn"]);
        assert_eq!(ended.single("telemetry_initialized")["otel_enabled"], false);
    }
    assert_eq!(collector.connections(), 0);
}

#[test]
fn with_telemetry_off_there_is_neither_line_nor_export() {
    let collector = Collector::start();
    let ended = play("work", &collector, &[("TELEMETRY_ENABLED", "false")]);
    assert_eq!(ended.said("exports"), "false");
    assert_eq!(ended.said("is_done"), "true");
    assert!(ended.lines.is_empty(), "{ended:?}");
    assert_eq!(collector.connections(), 0);
}

#[test]
fn a_bad_header_costs_itself_and_a_warning() {
    let collector = Collector::start();
    let headers = ("OTEL_EXPORTER_OTLP_HEADERS", "x-ok=%31,hidden");
    let ended = play("work", &collector, &[headers]);
    assert_eq!(
        warnings(&ended),
        [
            "OTEL_EXPORTER_OTLP_HEADERS: entry 2 is not name=value with a valid header; \
          using the other entries"
        ]
    );
    collector.wait_for_span("draw_bracket");
    for request in collector.requests() {
        assert_eq!(request.header("x-ok"), Some("1"));
    }
    let lines = format!("{ended:?}");
    assert!(!lines.contains("hidden"), "{lines}");
}

#[test]
fn an_unknown_exporter_is_a_warning_and_otlp_is_used() {
    let collector = Collector::start();
    let ended = play("work", &collector, &[("OTEL_TRACES_EXPORTER", "zipkin")]);
    assert_eq!(
        warnings(&ended),
        [
            "OTEL_TRACES_EXPORTER: \"zipkin\" is not supported: the exporters that work are otlp, \
          console, none; using otlp"
        ]
    );
    collector.wait_for_span("draw_bracket");
}

#[test]
fn a_setting_that_is_bad_is_told_also_while_export_is_off() {
    let ended = play_with("work", &[("OTEL_PROPAGATORS", "b3")]);
    assert_eq!(
        warnings(&ended),
        [
            "OTEL_PROPAGATORS: \"b3\" is not supported: the propagators that work are tracecontext, \
          baggage, none; using tracecontext,baggage"
        ]
    );
}

#[test]
fn propagators_hold_whether_anything_is_exported_or_not() {
    let collector = Collector::start();
    for (propagators, written, is_read) in [
        ("", "baggage,traceparent", "true"),
        ("tracecontext", "traceparent", "true"),
        ("baggage", "baggage", "false"),
        ("none", "", "false"),
    ] {
        for enabled in ["true", "false"] {
            let variables = [("OTEL_PROPAGATORS", propagators), ("OTEL_ENABLED", enabled)];
            let ended = play("propagate", &collector, &variables);
            assert_eq!(ended.said("written"), written, "{variables:?}");
            assert_eq!(ended.said("is_read"), is_read, "{variables:?}");
        }
    }
}

#[test]
fn each_signal_may_have_a_collector_of_its_own() {
    let [traces, metrics, logs] = [(); 3].map(|()| Collector::start());
    let (to_traces, to_logs) = (traces.endpoint() + "/v1/traces", logs.endpoint());
    let ended = play(
        "shutdown",
        &metrics,
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &to_traces),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &to_logs),
            ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("TEST_RUNTIME", "several workers"),
        ],
    );
    assert_eq!(ended.said("is_done"), "true");
    traces.wait_for_span("draw_bracket");
    metrics.wait_for_metric("brackets");
    logs.wait_for_log("bracket_drawn");
    for (collector, protocol) in [
        (&traces, Protocol::Http),
        (&metrics, Protocol::Http),
        (&logs, Protocol::Grpc),
    ] {
        let requests = collector.requests();
        let signal = requests[0].signal;
        for request in requests {
            assert_eq!((request.protocol, request.signal), (protocol, signal));
            assert!(request.gzip && request.accepted, "{request:?}");
        }
    }
}

#[test]
fn the_console_is_the_standard_error() {
    let console = [
        "OTEL_TRACES_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_LOGS_EXPORTER",
    ];
    let mut variables = console.map(|name| (name, "console")).to_vec();
    variables.extend([
        ("OTEL_ENABLED", "true"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("TEST_RUNTIME", "current thread"),
    ]);
    let ended = play_with("shutdown", &variables);
    for start in [
        "otel: span \"draw_bracket\" ",
        "otel: log info bracket_drawn ",
        "otel: metric brackets ",
    ] {
        let mut lines = ended.stderr.lines();
        assert!(lines.any(|line| line.starts_with(start)), "{ended:?}");
    }
    assert_eq!(ended.events(), ["telemetry_initialized", "bracket_drawn"]);
    assert_eq!(ended.said("is_done"), "true");
    // No type of a library.
    for debug in ["Some(", "String(", "Sum", "KeyValue", "SystemTime", "Int("] {
        assert!(!ended.stderr.contains(debug), "{debug}: {ended:?}");
    }
}

#[test]
fn the_resource_is_what_the_settings_say() {
    let collector = Collector::start();
    let attributes = |value| {
        collector.clear();
        play("work", &collector, &[("OTEL_RESOURCE_ATTRIBUTES", value)]);
        collector.wait_for_span("draw_bracket").resource.attributes
    };
    let good = attributes("team=a%2Cb,service.name=listed");
    assert_eq!(good["team"], "a,b");
    assert_eq!(good["service.name"], "listed");
    assert_eq!(good["deployment.environment.name"], "test");
    assert_eq!(good["telemetry.sdk.language"], "rust");
    if cfg!(target_os = "linux") {
        let created = good["process.creation.time"].as_str().unwrap();
        assert!(created.ends_with('Z') && created.contains('T'), "{created}");
    }
    assert!(good.contains_key("process.pid") && good.contains_key("service.instance.id"));
    // A list that is bad in part is left out as a whole.
    let bad = attributes("team=backend,region");
    assert_eq!(bad.get("team"), None);
}

#[test]
fn fields_of_every_line_are_on_lines_records_and_the_resource() {
    let collector = Collector::start();
    let variables = [
        ("TELEMETRY_FIELDS", "region=eu,api_key=sesame,team=a"),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=b,password=sesame"),
    ];
    let ended = play("work", &collector, &variables);
    for line in &ended.lines {
        assert_eq!(line["region"], "eu");
        assert_eq!(line["team"], "a");
        assert_eq!(line["api_key"], "[redacted]");
    }
    assert_eq!(
        collector.wait_for_log("bracket_drawn").attributes["region"],
        "eu"
    );
    let resource = collector.wait_for_span("draw_bracket").resource.attributes;
    assert_eq!(resource["region"], "eu");
    assert_eq!(resource["team"], "b");
    assert_eq!(resource["api_key"], "[redacted]");
    assert_eq!(resource["password"], "[redacted]");
}
