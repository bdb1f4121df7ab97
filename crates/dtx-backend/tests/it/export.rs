//! What the program exports of a request, over both protocols.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, SpanKind, Value as OtlpValue};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::program::{Program, get};

fn start(collector: &Collector, more: &[(&str, &str)]) -> (TempDir, Program) {
    let directory = tempfile::tempdir().unwrap();
    let endpoint = collector.endpoint();
    let mut variables = vec![
        ("DTX_BIND", "127.0.0.1:0"),
        ("NODE_ENV", "test"),
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
        ("OTEL_TRACES_SAMPLER", "always_on"),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "50"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "100"),
    ];
    variables.extend(more);
    let program = Program::start(&directory, &variables);
    (directory, program)
}

#[tokio::test]
async fn a_request_is_exported_with_its_span_metrics_and_lines_over_both_protocols() {
    for protocol in ["grpc", "http/protobuf"] {
        for compression in ["none", "gzip"] {
            let collector = Collector::start();
            let (_directory, mut program) = start(
                &collector,
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                    ("OTEL_EXPORTER_OTLP_COMPRESSION", compression),
                    ("OTEL_EXPORTER_OTLP_HEADERS", "x-api-key=s3cret"),
                ],
            );
            let url = program.url().await;
            get(format!("{url}/api/tournaments/2/")).await;
            let line = program.event("request_completed").await;

            let span = collector.wait_for_span("GET /api/tournaments/{id}/");
            assert_eq!(span.kind, SpanKind::Server);
            assert_eq!(line["trace_id"], span.trace_id);
            assert_eq!(line["span_id"], span.span_id);
            assert_eq!(span.attributes["http.request.method"], "GET");
            assert_eq!(span.attributes["http.route"], "/api/tournaments/{id}/");
            assert_eq!(span.attributes["url.path"], "/api/tournaments/2/");
            assert_eq!(span.attributes["http.response.status_code"], 200);
            assert_eq!(span.attributes["tournament.id"], 2);
            let request_id = line["request.id"].as_str().unwrap();
            assert_eq!(span.attributes["request.id"], request_id);
            assert_eq!(
                span.attributes["labels"],
                OtlpValue::Array(vec![OtlpValue::Text("tournament".into())])
            );
            assert_eq!(span.resource.attributes["service.name"], "dtx-backend");

            let log = collector.wait_for_log("request_completed");
            assert_eq!(log.trace_id.as_ref(), Some(&span.trace_id));
            assert_eq!(log.span_id.as_ref(), Some(&span.span_id));
            assert_eq!(log.attributes["http.status_code"], 200);
            assert_eq!(log.attributes["tournament.id"], 2);
            assert_eq!(log.attributes["request.id"], request_id);

            let metric = collector.wait_for_metric("http.server.request.duration");
            assert_eq!(metric.unit, "s");
            let point = metric
                .point_with("http.route", &"/api/tournaments/{id}/")
                .unwrap();
            assert_eq!(point.value.count(), Some(1));
            collector.wait_for_metric("process.memory.usage");

            for request in collector.requests() {
                assert_eq!(request.header("x-api-key"), Some("s3cret"));
            }
            program.signal(Signal::TERM);
            let ended = program.ended().await;
            assert_eq!(ended.status.code(), Some(0), "{ended:?}");
            assert!(ended.stderr.is_empty(), "{ended:?}");
            // The last lines too.
            collector.wait_for_log("server_stopped");
        }
    }
}

/// A collector that does not work, in every way that there is.
fn failures(protocol: &str) -> Vec<(&'static str, Behaviour)> {
    let mut failures = vec![
        ("refuses", Behaviour::Refuse),
        ("is silent", Behaviour::BlackHole),
        ("is unavailable", Behaviour::unavailable()),
        ("answers with nonsense", Behaviour::Garbage),
        ("ends midway", Behaviour::Truncate),
    ];
    // Over HTTP the status is the answer, and the body that of a success.
    if protocol == "grpc" {
        failures.push(("answers with a body of nonsense", Behaviour::GarbageBody));
    }
    failures
}

async fn assert_failure_and_recovery_are_one_line_each(protocol: &str) {
    for (name, behaviour) in failures(protocol) {
        let collector = Collector::start();
        collector.set_behaviour(behaviour);
        let (_directory, mut program) = start(
            &collector,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
            ],
        );
        let url = program.url().await;
        get(format!("{url}/api/tournaments/1/")).await;
        let line = program.event("otel_export_failing").await;
        assert!(line["error"].is_string(), "{name}: {line}");
        // Long enough for more exports to fail.
        let failing = Instant::now();
        while failing.elapsed() < Duration::from_millis(700) {
            get(format!("{url}/api/tournaments/1/")).await;
        }

        collector.set_behaviour(Behaviour::Accept);
        let recovered = loop {
            get(format!("{url}/api/leagues/1/")).await;
            let line = program.line().await.unwrap();
            match line["event"].as_str().unwrap() {
                "otel_export_recovered" => break line,
                "otel_export_failing" => panic!("{name}: {line}"),
                _ => {}
            }
        };
        let failed = recovered["failed_exports"].as_u64();
        assert!(failed > Some(1), "{name}: {recovered}");
        get(format!("{url}/api/teams/1/")).await;
        collector.wait_for_span("GET /api/teams/{id}/");

        // Export itself is not exported.
        for log in collector.logs() {
            assert!(!log.is("otel_export_failing"), "{log:?}");
            assert!(!log.is("otel_export_recovered"), "{log:?}");
        }
        program.signal(Signal::TERM);
        assert_eq!(program.ended().await.status.code(), Some(0));
    }
}

#[tokio::test]
async fn a_collector_that_fails_over_grpc_is_one_line_and_another_when_it_recovers() {
    assert_failure_and_recovery_are_one_line_each("grpc").await;
}

#[tokio::test]
async fn a_collector_that_fails_over_http_is_one_line_and_another_when_it_recovers() {
    assert_failure_and_recovery_are_one_line_each("http/protobuf").await;
}

#[tokio::test]
async fn the_program_ends_in_time_whatever_the_collector_does() {
    for protocol in ["grpc", "http/protobuf"] {
        for (name, behaviour) in failures(protocol) {
            let collector = Collector::start();
            collector.set_behaviour(behaviour);
            let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
            let (_directory, mut program) = start(&collector, &[protocol]);
            let url = program.url().await;
            get(format!("{url}/api/tournaments/1/")).await;
            let begun = Instant::now();
            program.signal(Signal::TERM);
            assert_eq!(program.ended().await.status.code(), Some(0));
            // Five seconds for export, and what a busy machine adds.
            let took = begun.elapsed();
            assert!(took < Duration::from_secs(8), "{name}: {took:?}");
        }
    }
}
