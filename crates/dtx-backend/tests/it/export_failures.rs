//! Export to a collector that does not work: for each signal one line when it begins, and one when it
//! is over.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector};
use rustix::process::Signal;
use serde_json::Value;

use crate::export::start;
use crate::program::get;

/// A collector that does not work, in every way that there is.
fn failures() -> [(&'static str, Behaviour); 6] {
    [
        ("refuses", Behaviour::Refuse),
        ("is silent", Behaviour::BlackHole),
        ("is unavailable", Behaviour::unavailable()),
        ("answers with nonsense", Behaviour::Garbage),
        ("ends midway", Behaviour::Truncate),
        ("answers with a body of nonsense", Behaviour::GarbageBody),
    ]
}

/// The signal of a line.
fn signal(line: &Value) -> String {
    line["export.signal"].as_str().unwrap().to_owned()
}

async fn assert_failure_and_recovery_are_one_line_each(protocol: &str) {
    for (name, behaviour) in failures() {
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
        let first = program.event("otel_export_failing").await;
        assert!(first["error"].is_string(), "{name}: {first}");
        // Long enough for more exports to fail, each after a second at most.
        let mut pace = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..50 {
            pace.tick().await;
            get(format!("{url}/api/tournaments/1/")).await;
        }

        collector.set_behaviour(Behaviour::Accept);
        let mut failing = vec![signal(&first)];
        let mut lost = Vec::new();
        while !failing.is_empty() {
            get(format!("{url}/api/leagues/1/")).await;
            let line = program.line().await.unwrap();
            match line["event"].as_str().unwrap() {
                "otel_export_recovered" => {
                    assert!(line["failed_exports"].as_u64() >= Some(1), "{name}: {line}");
                    lost.push(line["dropped_records"].as_u64().unwrap());
                    failing.retain(|failing| *failing != signal(&line));
                }
                "otel_export_failing" => {
                    let signal = signal(&line);
                    assert!(!failing.contains(&signal), "{name}: {signal} fails twice");
                    failing.push(signal);
                }
                _ => {}
            }
        }
        assert!(lost.iter().all(|lost| *lost > 0), "{name}: {lost:?}");
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
        for (name, behaviour) in failures() {
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
