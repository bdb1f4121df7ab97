//! Whether export can work.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, Protocol, Rejection};
use telemetry_core::{Config, Environment};
use telemetry_otel::{Report, doctor};

use crate::door;

const PROTOCOLS: [(&str, Protocol); 2] =
    [("grpc", Protocol::Grpc), ("http/protobuf", Protocol::Http)];
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn examine(variables: &[(&str, &str)], timeout: Duration) -> Report {
    let environment = Environment::from_iter(variables.iter().copied());
    let config = Config::default()
        .with_service_name("dtx-backend")
        .with_environment(&environment);
    doctor(&config, &environment, timeout)
}

/// With export to there.
pub(crate) fn examine_export(endpoint: &str, more: &[(&str, &str)]) -> Report {
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
    ];
    variables.extend(more);
    examine(&variables, TIMEOUT)
}

/// Looks for the same failure of all signals, with these words in it.
#[track_caller]
pub(crate) fn assert_fails(report: &Report, problem: &str, advice: &str) {
    assert!(!report.can_export(), "{report}");
    assert_eq!(report.signals().len(), 3);
    for signal in report.signals() {
        let [told, advised] = [&signal.problem, &signal.advice].map(|text| text.as_ref().unwrap());
        assert!(told.contains(problem), "{report}");
        assert!(advised.contains(advice), "{report}");
    }
    let shown = report.to_string();
    assert!(shown.contains(problem) && shown.contains(advice), "{shown}");
    assert!(shown.ends_with("\nExport cannot work.\n"), "{shown}");
}

#[test]
fn a_collector_that_is_well_takes_an_empty_request_of_each_signal() {
    for (name, protocol) in PROTOCOLS {
        for compression in ["none", "gzip"] {
            let collector = Collector::start();
            let report = examine_export(
                &collector.endpoint(),
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
                    ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
                    ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hid%64en"),
                ],
            );
            assert!(report.can_export() && report.is_on(), "{report}");
            let shown = report.to_string();
            assert!(shown.ends_with("\nExport works.\n"), "{shown}");
            assert!(
                shown.contains("x-key=***") && !shown.contains("hid"),
                "{shown}"
            );
            for signal in report.signals() {
                assert_eq!(
                    (signal.steps.len(), &signal.problem),
                    (3, &None),
                    "{report}"
                );
            }
            let requests = collector.requests();
            assert_eq!(requests.len(), 3, "{report}");
            for request in requests {
                assert!(
                    request.accepted && request.payload.is_empty(),
                    "{request:?}"
                );
                assert_eq!(request.protocol, protocol);
                assert_eq!(request.gzip, compression == "gzip", "{request:?}");
                assert_eq!(request.header("x-key"), Some("hidden"));
            }
        }
    }
}

#[test]
fn a_refused_connection_asks_whether_the_collector_is_running() {
    for (name, _) in PROTOCOLS {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::Refuse);
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", name);
        let report = examine_export(&collector.endpoint(), &[protocol]);
        let running = "Is the collector running, and is";
        assert_fails(&report, "Connection refused", running);
    }
}

#[test]
fn a_host_that_is_not_found_is_told() {
    let report = examine_export("http://collector.invalid:4318", &[]);
    assert_fails(&report, "collector.invalid", "DNS");
}

#[test]
fn a_collector_that_says_nothing_is_waited_for_no_longer_than_asked() {
    for (name, _) in PROTOCOLS {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::BlackHole);
        let endpoint = collector.endpoint();
        let variables = [
            ("OTEL_ENABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
        ];
        let begun = Instant::now();
        let report = examine(&variables, Duration::from_millis(300));
        let took = begun.elapsed();
        // And what a busy machine adds: far from the minute of an export.
        assert!(took < Duration::from_secs(30), "{took:?}");
        assert_fails(
            &report,
            "no answer within 300ms",
            "and is the collector well?",
        );
        let impatient = examine_export(
            &endpoint,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", name),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "200"),
            ],
        );
        assert_fails(
            &impatient,
            "no answer within 200ms",
            "is the collector well?",
        );
    }
}

#[test]
fn an_answer_that_is_an_error_says_what_to_do() {
    for (status, http, grpc, advice_http, advice_grpc) in [
        (
            401,
            "401 Unauthorized",
            "UNAUTHENTICATED",
            "_HEADERS",
            "_HEADERS",
        ),
        (
            403,
            "403 Forbidden",
            "PERMISSION_DENIED",
            "_HEADERS",
            "_HEADERS",
        ),
        (
            404,
            "404 Not Found",
            "UNIMPLEMENTED",
            "Check the path",
            "_EXPORTER=none",
        ),
        (503, "503 Service", "UNAVAILABLE", "its log", "its log"),
        (
            429,
            "429 Too Many",
            "RESOURCE_EXHAUSTED",
            "its log",
            "its log",
        ),
        (
            400,
            "400 Bad",
            "INVALID_ARGUMENT",
            "Check the URL",
            "its log",
        ),
    ] {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::Reject(Rejection::status(status)));
        let by = |name| {
            let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", name);
            examine_export(&collector.endpoint(), &[protocol])
        };
        assert_fails(&by("http/protobuf"), http, advice_http);
        assert_fails(&by("grpc"), grpc, advice_grpc);
    }
}

#[test]
fn the_wrong_protocol_is_told_with_the_right_one() {
    let collector = Collector::start();
    for (right, only) in PROTOCOLS {
        let endpoint = format!("http://{}", door::open(only, &collector));
        for (name, protocol) in PROTOCOLS {
            let report = examine_export(&endpoint, &[("OTEL_EXPORTER_OTLP_PROTOCOL", name)]);
            if protocol == only {
                assert!(report.can_export(), "{report}");
            } else {
                let problem = format!("the port does not speak {name}");
                let advice = format!("It speaks {right}: set OTEL_EXPORTER_OTLP_PROTOCOL={right}");
                assert_fails(&report, &problem, &advice);
            }
        }
    }
}

#[test]
fn what_is_no_collector_is_told() {
    for (name, _) in PROTOCOLS {
        let collector = Collector::start();
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", name);
        collector.set_behaviour(Behaviour::Garbage);
        let report = examine_export(&collector.endpoint(), &[protocol]);
        let problem = format!("the port does not speak {name}");
        assert_fails(&report, &problem, "a collector's, and is it http://");
        collector.set_behaviour(Behaviour::GarbageBody);
        let report = examine_export(&collector.endpoint(), &[protocol]);
        assert!(!report.can_export(), "{report}");
        // A collector without TLS.
        let secure = collector.endpoint().replace("http:", "https:");
        let report = examine_export(&secure, &[protocol]);
        assert_fails(&report, "cannot secure the connection", "Use http://");
    }
}

#[test]
fn one_signal_that_fails_is_enough() {
    let (collector, dead) = (Collector::start(), Collector::start());
    dead.set_behaviour(Behaviour::Refuse);
    let to_logs = dead.endpoint();
    let of_logs = [("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &*to_logs)];
    let report = examine_export(&collector.endpoint(), &of_logs);
    let failed: Vec<_> = report
        .signals()
        .iter()
        .map(|signal| signal.problem.is_some())
        .collect();
    assert_eq!(failed, [false, false, true], "{report}");
    assert!(!report.can_export());
}

#[test]
fn export_that_is_off_is_not_tried() {
    let collector = Collector::start();
    for (variable, why) in [
        (("OTEL_ENABLED", "false"), "off: OTEL_ENABLED is not true"),
        (("OTEL_ENABLED", ""), "off: OTEL_ENABLED is not true"),
        (
            ("OTEL_SDK_DISABLED", "true"),
            "off: OTEL_SDK_DISABLED is true",
        ),
        (
            ("TELEMETRY_ENABLED", "no"),
            "off: TELEMETRY_ENABLED is false",
        ),
    ] {
        let report = examine_export(&collector.endpoint(), &[variable]);
        assert!(report.can_export() && !report.is_on());
        let shown = report.to_string();
        assert!(shown.ends_with(&format!("\nExport\n  {why}\n")), "{shown}");
    }
    assert_eq!(collector.connections(), 0);
}

#[test]
fn export_to_nowhere_cannot_work_unless_that_is_asked_for() {
    let nowhere = examine(&[("OTEL_ENABLED", "true")], TIMEOUT);
    assert!(!nowhere.can_export(), "{nowhere}");
    let problem = "traces: nowhere, OTEL_EXPORTER_OTLP_ENDPOINT is not set to a URL";
    assert!(nowhere.to_string().contains(problem), "{nowhere}");
    let all = |exporter| {
        let names = ["TRACES", "METRICS", "LOGS"].map(|signal| format!("OTEL_{signal}_EXPORTER"));
        let mut variables: Vec<_> = names.iter().map(|name| (&**name, exporter)).collect();
        variables.push(("OTEL_ENABLED", "true"));
        let report = examine(&variables, TIMEOUT);
        assert!(report.can_export(), "{report}");
        report.to_string()
    };
    let none = all("none");
    assert!(
        none.contains("logs: nowhere, OTEL_LOGS_EXPORTER is none"),
        "{none}"
    );
    assert!(none.ends_with("\nNothing is exported.\n"), "{none}");
    assert!(all("console").contains("logs: to the standard error"));
}

#[test]
fn it_may_be_called_on_a_runtime() {
    let collector = Collector::start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let report = runtime.block_on(async { examine_export(&collector.endpoint(), &[]) });
    assert!(report.can_export(), "{report}");
}
