//! Export to a collector that does not work: one line when it begins, one when it is over.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector};
use rustix::process::Signal;

use crate::export::start;
use crate::program::get;

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
                ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"),
            ],
        );
        let url = program.url().await;
        get(format!("{url}/api/tournaments/1/")).await;
        let line = program.event("otel_export_failing").await;
        assert!(line["error"].is_string(), "{name}: {line}");
        // Long enough for more exports to fail, each after a second at most.
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..50 {
            pace.tick().await;
            get(format!("{url}/api/tournaments/1/")).await;
        }

        collector.set_behaviour(Behaviour::Accept);
        let recovered = loop {
            get(format!("{url}/api/leagues/1/")).await;
            let line = program.line().await.unwrap();
            match line["event"].as_str().unwrap() {
                "otel_export_recovered" => break line,
                "otel_export_failing" => panic!("{name}: said twice"),
                _ => {}
            }
        };
        let failed = recovered["failed_exports"].as_u64();
        assert!(failed > Some(1), "{name}: {recovered}");
        assert_eq!(recovered["dropped_records"], 0, "{name}");
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
            let hour = ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000");
            let (_directory, mut program) = start(&collector, &[protocol, hour]);
            let url = program.url().await;
            get(format!("{url}/api/tournaments/1/")).await;
            let begun = Instant::now();
            program.signal(Signal::TERM);
            assert_eq!(program.ended().await.status.code(), Some(0));
            // Not for as long as an export may take, but for five seconds.
            let took = begun.elapsed();
            assert!(took < Duration::from_secs(30), "{name}: {took:?}");
        }
    }
}
