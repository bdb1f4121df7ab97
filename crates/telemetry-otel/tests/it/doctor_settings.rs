//! What the doctor shows of the settings.

use otlp_test_collector::Collector;

use crate::doctor::{TIMEOUT, examine, examine_export};

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
