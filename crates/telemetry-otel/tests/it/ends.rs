//! Installing, flushing and ending.

use std::time::Duration;

use otlp_test_collector::{Behaviour, Collector};

use crate::child::play;

const RUNTIMES: [&str; 3] = ["current thread", "one worker", "several workers"];
const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

#[test]
fn a_second_installation_does_nothing_and_its_end_ends_nothing() {
    let collector = Collector::start();
    let ended = play("twice", &collector, &[]);
    assert_eq!(ended.said("exports"), "true true");
    assert_eq!(ended.events(), ["telemetry_initialized", "before", "after"]);
    for event in ended.events() {
        collector.wait_for_log(event);
    }
    assert_eq!(collector.logs().len(), 3);
    let nowhere = play("twice", &collector, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "")]);
    assert_eq!(nowhere.said("exports"), "false false");
    nowhere.single("otel_export_off");
}

#[test]
fn export_ends_with_the_last_guard() {
    let collector = Collector::start();
    let ended = play("first_of_two", &collector, &[]);
    assert_eq!(ended.events(), ["telemetry_initialized", "after"]);
    collector.wait_for_log("after");
    assert_eq!(ended.said("exports_after"), "false");
}

#[cfg(unix)]
#[test]
fn a_forked_child_exports_nothing_and_waits_for_nothing() {
    let collector = Collector::start();
    let ended = play("fork", &collector, &[]);
    assert_eq!(ended.said("status"), "0");
    ended.single("of_child");
    ended.single("of_parent");
    collector.wait_for_log("of_parent");
    let logs = collector.logs();
    assert!(!format!("{logs:?}").contains("of_child"), "{logs:?}");
}

#[test]
fn a_flush_exports_all_that_was_recorded() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        // Longer than the process lives.
        let delay = ("OTEL_BSP_SCHEDULE_DELAY", "60000");
        let ended = play("flush", &collector, &[protocol, delay]);
        assert_eq!(ended.said("is_flushed"), "true");
        collector.wait_for_span("draw_bracket");
        collector.wait_for_log("bracket_drawn");
        ended.single("bracket_drawn");
    }
}

#[test]
fn the_end_exports_everything_on_any_runtime() {
    for protocol in PROTOCOLS {
        for runtime in RUNTIMES {
            let collector = Collector::start();
            let ended = play(
                "shutdown",
                &collector,
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                    ("TEST_RUNTIME", runtime),
                ],
            );
            assert_eq!(ended.said("is_done"), "true", "{protocol}, {runtime}");
            collector.wait_for_span("draw_bracket");
            collector.wait_for_log("bracket_drawn");
            collector.wait_for_metric("brackets");
        }
    }
}

#[test]
fn the_end_says_that_a_signal_was_not_sent() {
    let names = ["TRACES", "METRICS", "LOGS"].map(|signal| format!("OTEL_{signal}_EXPORTER"));
    let collector = Collector::start();
    collector.set_behaviour(Behaviour::unavailable());
    for of_others in [[1, 2], [0, 2], [0, 1]] {
        let mut variables: Vec<_> = of_others.map(|at| (&*names[at], "none")).into();
        variables.push(("OTEL_EXPORTER_OTLP_TIMEOUT", "300"));
        let ended = play("work", &collector, &variables);
        assert_eq!(ended.said("is_done"), "false", "{variables:?}");
    }
}

#[test]
fn the_end_comes_in_time_on_any_runtime_whatever_the_collector_does() {
    for behaviour in [Behaviour::BlackHole, Behaviour::Refuse] {
        for protocol in PROTOCOLS {
            for runtime in RUNTIMES {
                let collector = Collector::start();
                collector.set_behaviour(behaviour.clone());
                let ended = play(
                    "shutdown",
                    &collector,
                    &[
                        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                        ("OTEL_EXPORTER_OTLP_TIMEOUT", "60000"),
                        ("TEST_RUNTIME", runtime),
                    ],
                );
                let name = format!("{behaviour:?}, {protocol}, {runtime}");
                // One second, and what a busy machine adds: far from the minute of an export.
                let took: u64 = ended.said("took").parse().unwrap();
                assert!(took < 20_000, "{name}: {took}");
                assert!(ended.took < Duration::from_secs(30), "{name}: {ended:?}");
                assert_eq!(ended.said("is_done"), "false", "{name}");
                ended.single("bracket_drawn");
            }
        }
    }
}
