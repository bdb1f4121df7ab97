//! Whether export can work.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, Protocol, Rejection};
use telemetry_core::{Config, Environment};
use telemetry_otel::{Report, doctor};

use crate::door;

const PROTOCOLS: [(&str, Protocol); 2] =
    [("grpc", Protocol::Grpc), ("http/protobuf", Protocol::Http)];
const TIMEOUT: Duration = Duration::from_secs(10);

fn examine(variables: &[(&str, &str)], timeout: Duration) -> Report {
    let environment = Environment::from_iter(variables.iter().copied());
    let config = Config::default()
        .with_service_name("dtx-backend")
        .with_environment(&environment);
    doctor(&config, &environment, timeout)
}

/// With export to there.
fn examine_export(endpoint: &str, more: &[(&str, &str)]) -> Report {
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
    ];
    variables.extend(more);
    examine(&variables, TIMEOUT)
}

/// Looks for the same failure of all signals, with these words in it.
#[track_caller]
fn assert_fails(report: &Report, problem: &str, advice: &str) {
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
fn all_that_is_set_is_listed_and_no_password_of_a_proxy() {
    let report = examine(
        &[
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ssl/company.pem"),
            ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "/etc/ssl/key.pem"),
            ("SSL_CERT_DIR", "/etc/ssl/certs"),
            ("HTTPS_PROXY", "http://captain:hidden@proxy.example:3128"),
            ("all_proxy", "captain:hid@den@proxy.example:3128"),
            ("NO_PROXY", ".example"),
            ("OTEL_CONFIG_FILE", "otel.yaml"),
            ("OTEL_EXPORTER_JAEGER_PASSWORD", "hidden"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "7"),
        ],
        TIMEOUT,
    );
    let shown = report.to_string();
    assert!(!shown.contains("hid"), "{shown}");
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/etc/ssl/company.pem"),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "/etc/ssl/key.pem"),
        ("SSL_CERT_DIR", "/etc/ssl/certs"),
        ("HTTPS_PROXY", "http://***@proxy.example:3128"),
        ("ALL_PROXY", "***@proxy.example:3128"),
        ("NO_PROXY", ".example"),
        ("OTEL_CONFIG_FILE", "***"),
        ("OTEL_EXPORTER_JAEGER_PASSWORD", "***"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "7"),
    ] {
        let setting = report
            .settings()
            .iter()
            .find(|setting| setting.name == name);
        let setting = setting.unwrap_or_else(|| panic!("{name}: {shown}"));
        assert_eq!((&*setting.value, setting.is_set), (value, true), "{name}");
    }
    assert!(
        shown.contains(
            "! it has no effect: files of configuration are not read; using the environment"
        ),
        "{shown}"
    );
}

#[test]
fn each_destination_of_a_signal_has_a_line() {
    let collector = Collector::start();
    let report = examine_export(
        &collector.endpoint(),
        &[
            ("OTEL_METRICS_EXPORTER", "prometheus,console,otlp"),
            ("OTEL_LOGS_EXPORTER", "none"),
        ],
    );
    assert!(report.can_export(), "{report}");
    let shown = report.to_string();
    for line in [
        "  metrics: Prometheus fetches http://localhost:9464/metrics\n",
        "  metrics: to the standard error\n",
        "  metrics: to http://127.0.0.1:",
        "  logs: nowhere, OTEL_LOGS_EXPORTER is none\n",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
}

#[test]
fn a_port_for_prometheus_is_tried() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let examine_on = |host| {
        let none = ["OTEL_TRACES_EXPORTER", "OTEL_LOGS_EXPORTER"];
        let mut variables = none.map(|name| (name, "none")).to_vec();
        variables.extend([
            ("OTEL_ENABLED", "true"),
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_EXPORTER_PROMETHEUS_HOST", host),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", &port),
        ]);
        examine(&variables, TIMEOUT)
    };
    let report = examine_on("127.0.0.1");
    assert!(report.can_export(), "{report}");
    let step = format!("127.0.0.1:{port} is taken: by this program, if it runs");
    assert!(report.to_string().contains(&step), "{report}");
    // An address of documentation, which no machine has, and a name that nobody has.
    for host in ["192.0.2.1", "prometheus.invalid"] {
        let report = examine_on(host);
        assert!(!report.can_export(), "{report}");
        let shown = report.to_string();
        assert!(
            shown.contains(&format!("cannot listen on {host}:{port}: ")),
            "{shown}"
        );
        assert!(shown.contains("OTEL_EXPORTER_PROMETHEUS_HOST"), "{shown}");
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
fn settings_are_shown_with_what_is_wrong_and_without_what_is_secret() {
    let report = examine(
        &[
            ("LOG_LEVEL", "loud\u{1b}[2J"),
            ("LOG_LEVLE", "hidden"),
            ("NODE_ENV", "prod"),
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://captain:hidden@localhost:4317",
            ),
            (
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
                "https://example.com/?key=hidden",
            ),
            (
                "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
                "captain:hidden@localhost",
            ),
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "localhost:4318"),
            (
                "OTEL_EXPORTER_OTLP_HEADERS",
                "x-key=hidden, hidden,x-b=hidden==",
            ),
            ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "hidden"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=a,api_key=hidden"),
            ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ],
        TIMEOUT,
    );
    let shown = report.to_string();
    assert!(
        !shown.contains("hidden") && !shown.contains("captain"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let setting = |name: &str| {
        let mut settings = report.settings().iter();
        settings.find(|setting| setting.name == name).unwrap()
    };
    for (name, value, is_set) in [
        ("LOG_FORMAT", "json", false),
        ("LOG_LEVLE", "***", true),
        ("NODE_ENV", "prod", true),
        ("OTEL_SERVICE_NAME", "dtx-backend", false),
        ("OTEL_ENABLED", "false", false),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "http://localhost:4317/",
            true,
        ),
        (
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
            "https://example.com/?***",
            true,
        ),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "***", true),
        (
            "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
            "localhost:4318",
            true,
        ),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=***,***,x-b=***", true),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "***", true),
        ("OTEL_RESOURCE_ATTRIBUTES", "team=a,api_key=***", true),
        ("OTEL_TRACES_SAMPLER_ARG", "2", true),
        (
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "grpc for port 4317, else http/protobuf",
            false,
        ),
    ] {
        let setting = setting(name);
        assert_eq!((&*setting.value, setting.is_set), (value, is_set), "{name}");
    }
    let problem = "\"2\" is not a number from 0 to 1; using 0.1";
    assert_eq!(setting("OTEL_TRACES_SAMPLER_ARG").problems, [problem]);
    assert_eq!(setting("LOG_LEVLE").problems.len(), 1);
    assert!(shown.contains(&format!("\n    ! {problem}\n")), "{shown}");
    let unset = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";
    assert!(!shown.contains(unset), "{shown}");
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
