//! What is said and measured of export itself.

use otlp_test_collector::{Behaviour, Collector, Metric, MetricKind, Temporality, Value};

use crate::child::play;

#[test]
fn export_that_fails_is_one_line_for_each_signal_at_any_level() {
    for level in ["INFO", "ERROR"] {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::unavailable());
        let variables = [("LOG_LEVEL", level), ("OTEL_EXPORTER_OTLP_TIMEOUT", "200")];
        let ended = play("flushing", &collector, &variables);
        assert_eq!(ended.said("is_flushed"), "false");
        assert_eq!(ended.said("is_done"), "false");
        let failing = ended.all("otel_export_failing");
        let mut signals: Vec<_> = failing
            .iter()
            .map(|it| it["export.signal"].clone())
            .collect();
        signals.sort_by_key(ToString::to_string);
        // No line of the application's is exported at ERROR, as there is none.
        let of_level = if level == "ERROR" { 1 } else { 0 };
        assert_eq!(
            signals,
            ["logs", "metrics", "traces"][of_level..],
            "{ended:?}"
        );
        for line in failing {
            assert_eq!(line["level"], "warning");
            let error = "HTTP status 503 Service Unavailable: the test asked for 503";
            assert_eq!(line["error"], error);
        }
    }
}

/// How many items a metric counts with this `error.type`, or without one.
#[track_caller]
fn exported(metric: &Metric, error_type: Option<&str>) -> i64 {
    let mut points = metric.points.iter().filter(|point| {
        let error = point.attributes.get("error.type");
        error.and_then(Value::as_str) == error_type
    });
    match (points.next(), points.next()) {
        (Some(point), None) => point.value.as_integer().unwrap(),
        _ => panic!("not one point of {error_type:?}: {metric:?}"),
    }
}

#[test]
fn every_series_of_export_is_there_with_zero_from_the_start() {
    let collector = Collector::start();
    play("work", &collector, &[]);
    for signal in ["span", "log", "metric_data_point"] {
        let metric = collector.wait_for_metric(&format!("otel.sdk.exporter.{signal}.exported"));
        for error in [
            "connection",
            "tls",
            "timeout",
            "protocol",
            "refused",
            "rejected",
            "_OTHER",
        ] {
            assert_eq!(exported(&metric, Some(error)), 0, "{signal} {error}");
        }
        assert!(exported(&metric, None) >= 0);
    }
    for signal in ["span", "log"] {
        let metric = collector.wait_for_metric(&format!("otel.sdk.processor.{signal}.processed"));
        assert_eq!(exported(&metric, Some("queue_full")), 0);
    }
}

#[test]
fn what_a_collector_refuses_is_counted_by_cause() {
    let (collector, refusing) = (Collector::start(), Collector::start());
    refusing.set_behaviour(Behaviour::unavailable());
    let endpoint = refusing.endpoint();
    let variables = [
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &*endpoint),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "200"),
    ];
    play("flushing", &collector, &variables);
    let metric = collector.wait_for_metric("otel.sdk.exporter.span.exported");
    assert!(exported(&metric, Some("refused")) >= 1, "{metric:?}");
}

#[test]
fn failed_exports_and_lost_lines_are_metrics() {
    let (collector, dead) = (Collector::start(), Collector::start());
    dead.set_behaviour(Behaviour::Refuse);
    let endpoint = dead.endpoint();
    play(
        "flushing",
        &collector,
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "200"),
        ],
    );
    let metric = collector.wait_for_metric("otel.sdk.exporter.span.exported");
    let counter = MetricKind::Sum {
        monotonic: true,
        temporality: Temporality::Cumulative,
    };
    assert_eq!((metric.kind, &*metric.unit), (counter, "{span}"));
    assert_eq!(metric.scope.name, "telemetry-otel");
    assert!(exported(&metric, Some("connection")) >= 1, "{metric:?}");
    assert_eq!(exported(&metric, None), 0);
    assert_eq!(exported(&metric, Some("timeout")), 0);
    let attributes = &metric.points[0].attributes;
    assert_eq!(attributes["otel.component.type"], "otlp_http_span_exporter");
    assert_eq!(
        attributes["otel.component.name"],
        "otlp_http_span_exporter/0"
    );
    assert_eq!(attributes["server.address"], "127.0.0.1");
    assert!(matches!(attributes["server.port"], Value::Integer(1..)));
    let records = collector.wait_for_metric("otel.sdk.exporter.log.exported");
    assert_eq!(exported(&records, Some("connection")), 0);
    let metric = collector.wait_for_metric("telemetry.log.dropped_lines");
    assert_eq!((metric.kind, &*metric.unit), (counter, "{line}"));
    assert_eq!(metric.points[0].value.as_integer(), Some(0));
}

#[test]
fn records_that_too_many_wait_before_are_dropped_and_counted() {
    let (collector, silent) = (Collector::start(), Collector::start());
    silent.set_behaviour(Behaviour::BlackHole);
    let endpoint = silent.endpoint();
    let ended = play(
        "burst",
        &collector,
        &[
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", &endpoint),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "10"),
            ("OTEL_BLRP_MAX_QUEUE_SIZE", "10"),
            // None are taken before all are recorded.
            ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "60000"),
        ],
    );
    assert_eq!(ended.said("is_done"), "false");
    let spans = collector.wait_for_metric("otel.sdk.processor.span.processed");
    assert_eq!(spans.unit, "{span}");
    assert_eq!(exported(&spans, Some("queue_full")), 90);
    // One line more than spans, about the beginning.
    let records = collector.wait_for_metric("otel.sdk.processor.log.processed");
    assert_eq!(records.unit, "{log_record}");
    assert_eq!(exported(&records, Some("queue_full")), 91);
    let component = &records.points[0].attributes["otel.component.type"];
    assert_eq!(component, &"batching_log_processor");
    let capacity = collector.wait_for_metric("otel.sdk.processor.span.queue.capacity");
    assert_eq!(capacity.points[0].value.as_integer(), Some(10));
    // Those that wait and those that are on their way are all that was not dropped.
    let of = |name: &str| {
        let metric = collector.wait_for_metric(name);
        metric.points[0].value.as_integer().unwrap()
    };
    let waiting = of("otel.sdk.processor.span.queue.size");
    assert_eq!(waiting + of("otel.sdk.exporter.span.inflight"), 10);
    // None of them is missing where it is written.
    let shown = ended.events().into_iter();
    assert_eq!(shown.filter(|event| *event == "bracket_drawn").count(), 100);
}

#[test]
fn nothing_of_export_itself_is_exported() {
    let of_export = "h2=trace,hyper=trace,hyper_util=trace,opentelemetry=trace,\
                     opentelemetry_sdk=trace,reqwest=trace,rustls=trace,tonic=trace,tower=trace";
    for protocol in ["grpc", "http/protobuf"] {
        let collector = Collector::start();
        let ended = play(
            "flushing",
            &collector,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("LOG_LEVEL", "TRACE"),
                ("RUST_LOG", of_export),
                ("OTEL_BLRP_SCHEDULE_DELAY", "10"),
            ],
        );
        for record in collector.logs() {
            assert!(
                record.is("telemetry_initialized") || record.is("bracket_drawn"),
                "{record:?}"
            );
        }
        assert_eq!(collector.spans().len(), 3);
        // They were said.
        assert!(ended.lines.len() > 4, "{ended:?}");
    }
}

// Elsewhere niceness is the whole process's.
#[cfg(target_os = "linux")]
#[test]
fn threads_of_export_let_those_of_the_application_go_first() {
    let collector = Collector::start();
    let ended = play("priorities", &collector, &[]);
    let usual: i32 = ended.said("telemetry-write").parse().unwrap();
    // Names are cut at 15 characters.
    for thread in [
        "telemetry-expor",
        "telemetry-recor",
        "OpenTelemetry.L",
        "OpenTelemetry.T",
    ] {
        let nice: i32 = ended.said(thread).parse().unwrap();
        assert_eq!(nice, usual + 5, "{thread}");
    }
    // It shares locks with those who measure.
    assert_eq!(
        ended.said("OpenTelemetry.M").parse(),
        Ok(usual),
        "{ended:?}"
    );
}
