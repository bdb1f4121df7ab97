//! What variables do to what arrives.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use otlp_test_collector::Collector;

use crate::child::{Ended, play, play_with};

/// The names of the metrics in Prometheus' text, and the text.
fn fetch(address: &str, path: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

/// A port that nobody listens on.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port().to_string()
}

#[test]
fn values_of_spans_and_of_their_events_and_links_are_cut_at_their_limit() {
    let collector = Collector::start();
    let limit = ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "5");
    play("limits", &collector, &[limit]);
    let span = collector.wait_for_span("limited");
    assert_eq!(span.attributes["text"], "äöüß€");
    assert_eq!(span.attributes["short"], "abc");
    assert_eq!(span.attributes["number"], 1_234_567);
    assert_eq!(span.attributes["list"], ["12345", "1"]);
    assert_eq!(span.events[0].attributes["text"], "12345");
    let record = collector.wait_for_log("limited");
    assert_eq!(record.attributes["text"], "äöüß€");

    // That of one signal wins, and what is exported by gRPC is no other.
    collector.clear();
    let of_records = ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "2");
    let grpc = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    play("limits", &collector, &[limit, of_records, grpc]);
    let span = collector.wait_for_span("limited");
    assert_eq!(span.attributes["text"], "äöüß€");
    let record = collector.wait_for_log("limited");
    assert_eq!(record.attributes["text"], "äö");
}

#[test]
fn attributes_events_and_links_beyond_their_limits_are_left_out() {
    let collector = Collector::start();
    play(
        "limits",
        &collector,
        &[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "2"),
            ("OTEL_SPAN_EVENT_COUNT_LIMIT", "1"),
            ("OTEL_SPAN_LINK_COUNT_LIMIT", "1"),
            ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "1"),
            ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "0"),
        ],
    );
    let span = collector.wait_for_span("limited");
    assert_eq!(span.attributes.len(), 2, "{span:?}");
    assert_eq!(span.events.len(), 1, "{span:?}");
    assert_eq!(span.events[0].attributes.len(), 1, "{span:?}");
    assert_eq!(span.links.len(), 1, "{span:?}");
    let record = collector.wait_for_log("limited");
    assert_eq!(record.attributes.len(), 2, "{record:?}");

    // What the SDK would read by itself is read by this crate alone: a bad value is the default.
    collector.clear();
    let ended = play(
        "limits",
        &collector,
        &[("OTEL_SPAN_EVENT_COUNT_LIMIT", "+1")],
    );
    assert_eq!(collector.wait_for_span("limited").events.len(), 1);
    assert!(
        ended.all("telemetry_config_warning").is_empty(),
        "{ended:?}"
    );
    collector.clear();
    let ended = play(
        "limits",
        &collector,
        &[("OTEL_SPAN_EVENT_COUNT_LIMIT", "-1")],
    );
    assert_eq!(collector.wait_for_span("limited").events.len(), 3);
    ended.single("telemetry_config_warning");
}

#[test]
fn exceptions_are_on_log_records_alone_where_that_is_asked_for() {
    let collector = Collector::start();
    for (value, events) in [("", 3), ("logs/dup", 3), ("logs", 2)] {
        collector.clear();
        let opt_in = ("OTEL_SEMCONV_EXCEPTION_SIGNAL_OPT_IN", value);
        play("limits", &collector, &[opt_in]);
        let span = collector.wait_for_span("limited");
        assert_eq!(span.events.len(), events, "{value}: {span:?}");
    }
}

#[test]
fn a_list_of_exporters_goes_to_each_of_them() {
    let collector = Collector::start();
    let lists = [
        ("OTEL_TRACES_EXPORTER", "otlp,console"),
        ("OTEL_METRICS_EXPORTER", "console, otlp"),
        ("OTEL_LOGS_EXPORTER", "otlp,console"),
        ("TEST_RUNTIME", "current thread"),
    ];
    let ended = play("shutdown", &collector, &lists);
    assert_eq!(ended.said("is_done"), "true");
    assert_eq!(ended.events(), ["telemetry_initialized", "bracket_drawn"]);
    collector.wait_for_span("draw_bracket");
    collector.wait_for_metric("brackets");
    collector.wait_for_log("bracket_drawn");
    for start in ["otel: span ", "otel: log ", "otel: metric "] {
        let mut lines = ended.stderr.lines();
        assert!(lines.any(|line| line.starts_with(start)), "{ended:?}");
    }
}

#[test]
fn what_a_collector_refuses_is_lost_though_the_console_has_shown_it() {
    let lists = [
        ("OTEL_ENABLED", "true"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_TRACES_EXPORTER", "console,otlp"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "100"),
    ];
    let ended = play_with("work", &lists);
    assert_eq!(ended.single("otel_records_lost")["lost_spans"], 1);
}

/// Plays a scenario while Prometheus is to fetch its metrics.
fn play_fetched(port: &str, more: &[(&str, &str)]) -> Ended {
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_TRACES_EXPORTER", "none"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "prometheus"),
        ("OTEL_EXPORTER_PROMETHEUS_PORT", port),
    ];
    variables.extend(more);
    play_with("fetched", &variables)
}

#[test]
fn prometheus_fetches_metrics() {
    let port = free_port();
    for host in ["localhost", "127.0.0.1", "0.0.0.0"] {
        let ended = play_fetched(&port, &[("OTEL_EXPORTER_PROMETHEUS_HOST", host)]);
        let text = ended.said("metrics").replace("\\n", "\n");
        assert!(text.starts_with("HTTP/1.1 200 OK\\r"), "{text}");
        assert!(text.contains("text/plain; version=0.0.4"), "{text}");
        assert!(text.contains("brackets_total{"), "{text}");
        assert!(text.contains("target_info{"), "{text}");
        assert!(ended.said("other").contains(" 404 "), "{ended:?}");
        assert_eq!(ended.said("is_done"), "true");
    }
}

#[test]
fn metrics_are_pushed_and_fetched_at_once() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let port = free_port();
    let ended = play_fetched(
        &port,
        &[
            ("OTEL_METRICS_EXPORTER", "prometheus,otlp"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "delta"),
        ],
    );
    // Each reader has its own temporality.
    assert!(
        ended.said("metrics").contains("brackets_total{"),
        "{ended:?}"
    );
    collector.wait_for_metric("brackets");
}

#[test]
fn a_port_for_prometheus_that_is_taken_is_one_error_line_and_the_rest_works() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let collector = Collector::start();
    let ended = play(
        "work",
        &collector,
        &[
            ("OTEL_METRICS_EXPORTER", "prometheus"),
            ("OTEL_EXPORTER_PROMETHEUS_HOST", "127.0.0.1"),
            ("OTEL_EXPORTER_PROMETHEUS_PORT", &port),
        ],
    );
    let line = ended.single("otel_export_off");
    assert_eq!(line["level"], "error");
    let problem = line["problem"].as_str().unwrap();
    let expected = format!("cannot serve metrics to Prometheus on 127.0.0.1:{port}: ");
    assert!(problem.starts_with(&expected), "{problem}");
    collector.wait_for_span("draw_bracket");
    assert_eq!(ended.said("is_done"), "true");
}

#[test]
fn a_variable_that_has_no_effect_is_one_warning() {
    for (name, value, problem) in [
        (
            "OTEL_CONFIG_FILE",
            "/etc/otel.yaml",
            "files of configuration are not read",
        ),
        (
            "OTEL_EXPORTER_OTLP_TRACES_INSECURE",
            "true",
            "the URL says whether there is TLS",
        ),
    ] {
        let collector = Collector::start();
        let ended = play("work", &collector, &[(name, value)]);
        let warning = ended.single("telemetry_config_warning");
        assert_eq!(warning["variable"], name);
        let found = warning["problem"].as_str().unwrap();
        assert!(found.starts_with("it has no effect: "), "{found}");
        assert!(found.contains(problem), "{found}");
        collector.wait_for_span("draw_bracket");
    }
}

/// Fetches the metrics of this process, and what is elsewhere on its port.
pub(crate) fn fetched() -> (String, String) {
    let port = std::env::var("OTEL_EXPORTER_PROMETHEUS_PORT").unwrap();
    let address = format!("127.0.0.1:{port}");
    // `localhost` may be an address of IPv6 alone.
    let address = match TcpStream::connect(&address) {
        Ok(_) => address,
        Err(_) => format!("[::1]:{port}"),
    };
    (fetch(&address, "/metrics"), fetch(&address, "/"))
}
