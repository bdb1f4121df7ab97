//! Collectors that refuse, are late, slow or gone: what is sent, what is lost, and what is logged.

use std::thread;
use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, Rejection, Value};

use crate::child::{Ended, play};
use crate::door::Path;

const PROTOCOLS: [&str; 2] = ["grpc", "http/protobuf"];

/// What the last line says is lost: spans, data points and log records.
fn lost(ended: &Ended) -> [u64; 3] {
    match &ended.all("otel_records_lost")[..] {
        [] => [0; 3],
        [line] => ["lost_spans", "lost_data_points", "lost_log_records"]
            .map(|name| line[name].as_u64().unwrap()),
        _ => panic!("several lines: {ended:#?}"),
    }
}

#[test]
fn a_large_batch_is_split_below_four_megabytes() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let ended = play(
            "large",
            &collector,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_BLRP_SCHEDULE_DELAY", "60000"),
                ("LOG_VALUE_LIMIT", "0"),
            ],
        );
        let logs = collector.logs();
        let large = logs.iter().filter(|it| it.is("large")).count();
        assert_eq!(large, 600, "{protocol}");
        assert_eq!(ended.all("otel_export_failing").len(), 0);
        assert_eq!(ended.all("otel_records_lost").len(), 0);
        for request in collector.requests() {
            assert!(
                request.payload.len() < 4 * 1024 * 1024,
                "{}",
                request.payload.len()
            );
        }
    }
}

#[test]
fn what_is_refused_as_too_large_is_split_until_it_is_taken() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::LimitSize(100 * 1024));
        let ended = play(
            "large",
            &collector,
            &[
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_BLRP_SCHEDULE_DELAY", "60000"),
                ("LOG_VALUE_LIMIT", "0"),
            ],
        );
        let large = collector.logs().iter().filter(|it| it.is("large")).count();
        assert_eq!(large, 600, "{protocol}");
        assert_eq!(lost(&ended), [0; 3]);
    }
}

#[test]
fn one_record_that_is_too_large_costs_itself_alone() {
    let collector = Collector::start();
    // Below one line of 8 KiB, and above all others.
    collector.set_behaviour(Behaviour::LimitSize(6 * 1024));
    let ended = play("large", &collector, &[("LOG_VALUE_LIMIT", "0")]);
    assert_eq!(lost(&ended)[2], 600);
    let error = ended.single("otel_records_lost")["error"].to_string();
    assert!(error.contains("413"), "{error}");
    collector.wait_for_log("telemetry_initialized");
}

#[test]
fn a_collector_that_starts_late_is_tried_again() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::Refuse);
        thread::scope(|scope| {
            scope.spawn(|| {
                thread::sleep(Duration::from_millis(2500));
                collector.set_behaviour(Behaviour::Accept);
            });
            let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
            let ended = play("work", &collector, &[protocol]);
            assert_eq!(ended.said("is_done"), "true", "{ended:#?}");
            assert_eq!(ended.all("otel_export_failing").len(), 0);
        });
        collector.wait_for_span("draw_bracket");
        collector.wait_for_log("bracket_drawn");
    }
}

#[test]
fn what_a_slow_collector_did_not_take_by_the_end_is_counted() {
    for (behaviour, is_all_lost) in [
        (Behaviour::Delay(Duration::from_millis(400)), false),
        (Behaviour::BlackHole, true),
        (Behaviour::Refuse, true),
        (Behaviour::unavailable(), true),
        (Behaviour::Garbage, true),
        (Behaviour::Accept, false),
    ] {
        for protocol in PROTOCOLS {
            let collector = Collector::start();
            collector.set_behaviour(behaviour.clone());
            let ended = play(
                "many",
                &collector,
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                    ("OTEL_BSP_MAX_QUEUE_SIZE", "4096"),
                    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "256"),
                    ("OTEL_BSP_SCHEDULE_DELAY", "60000"),
                    ("OTEL_BLRP_MAX_QUEUE_SIZE", "4096"),
                    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "256"),
                    ("OTEL_BLRP_SCHEDULE_DELAY", "60000"),
                ],
            );
            let [spans, points, records] = lost(&ended);
            // One line more than spans, about the beginning.
            for (lost, sent, made) in [
                (spans, collector.spans().len() as u64, 2000),
                (records, collector.logs().len() as u64, 2001),
            ] {
                let name = format!("{behaviour:?}, {protocol}: {sent} sent, {lost} lost");
                if matches!(behaviour, Behaviour::Delay(_)) {
                    // A batch that arrived may have an answer that did not.
                    assert!(
                        lost > 0 && (made..=made + 256).contains(&(sent + lost)),
                        "{name}"
                    );
                } else {
                    assert_eq!(sent + lost, made, "{name}");
                    assert_eq!(lost == made, is_all_lost, "{name}");
                }
            }
            assert_eq!(
                points > 0,
                collector.metrics().is_empty(),
                "{behaviour:?}, {protocol}"
            );
            if is_all_lost {
                let line = ended.single("otel_records_lost");
                assert!(line["error"].is_string(), "{line}");
            }
        }
    }
}

#[test]
fn a_refusal_is_logged_with_its_status_and_reason() {
    for (status, http, grpc) in [
        (
            400,
            "HTTP status 400 Bad Request: invalid temporality\\n",
            "gRPC status INVALID_ARGUMENT: invalid temporality\\n",
        ),
        (
            401,
            "HTTP status 401 Unauthorized: invalid temporality\\n",
            "gRPC status UNAUTHENTICATED: invalid temporality\\n",
        ),
        (
            403,
            "HTTP status 403 Forbidden: invalid temporality\\n",
            "gRPC status PERMISSION_DENIED: invalid temporality\\n",
        ),
        (
            413,
            "HTTP status 413 Payload Too Large: invalid temporality\\n",
            "gRPC status RESOURCE_EXHAUSTED: invalid temporality\\n",
        ),
        (
            429,
            "HTTP status 429 Too Many Requests: invalid temporality\\n",
            "gRPC status RESOURCE_EXHAUSTED: invalid temporality\\n",
        ),
    ] {
        for (protocol, error) in [("http/protobuf", http), ("grpc", grpc)] {
            let collector = Collector::start();
            let message = format!("invalid temporality\n{}", "x".repeat(1000));
            let rejection = Rejection::status(status).with_message(message);
            collector.set_behaviour(Behaviour::Reject(rejection));
            let ended = play(
                "work",
                &collector,
                &[
                    ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                    ("OTEL_EXPORTER_OTLP_TIMEOUT", "300"),
                ],
            );
            let failing = ended.all("otel_export_failing");
            assert_eq!(failing.len(), 3, "{ended:#?}");
            for line in failing {
                let text = line["error"].as_str().unwrap();
                assert!(
                    text.starts_with(error) && text.ends_with('…'),
                    "{status}: {text}"
                );
                assert!(text.len() < 400, "{text}");
            }
        }
    }
}

#[test]
fn a_partial_success_is_one_line_and_counted() {
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        collector.set_behaviour(Behaviour::PartialSuccess { rejected: 1 });
        let protocol = ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
        let ended = play("flushing", &collector, &[protocol]);
        let rejected = ended.all("otel_records_rejected");
        assert_eq!(rejected.len(), 3, "one for each signal: {ended:#?}");
        for line in rejected {
            assert_eq!(
                (&line["level"], &line["rejected_records"]),
                (&"warning".into(), &1.into())
            );
            assert!(!line["error"].as_str().unwrap().is_empty(), "{line}");
        }
        // Three exports of spans, one of each is refused.
        assert_eq!(lost(&ended)[0], 3, "{ended:#?}");
    }
}

#[test]
fn data_flows_again_after_a_path_that_swallowed_packets() {
    thread::scope(|scope| {
        for protocol in PROTOCOLS {
            scope.spawn(|| assert_flows_again(protocol));
        }
    });
}

/// Swallows packets on the way to a collector for eight seconds.
fn assert_flows_again(protocol: &str) {
    let collector = Collector::start();
    let path = Path::open(&collector);
    let endpoint = format!("http://{}", path.address);
    let has_arrived = |after: i64| {
        let is_later = |at: Option<&Value>| matches!(at, Some(Value::Integer(at)) if *at >= after);
        let logs = collector.logs();
        logs.iter()
            .any(|it| it.is("tick") && is_later(it.attributes.get("at")))
    };
    let variables = [
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("TEST_SECONDS", "30"),
    ];
    thread::scope(|scope| {
        scope.spawn(|| play("minutes", &collector, &variables));
        let begun = Instant::now();
        while !has_arrived(1) {
            thread::sleep(Duration::from_millis(50));
        }
        path.swallow(true);
        thread::sleep(Duration::from_secs(8));
        path.swallow(false);
        let recovered = Instant::now();
        let after = begun.elapsed().as_secs() as i64 + 1;
        while !has_arrived(after) {
            assert!(recovered.elapsed() < Duration::from_secs(20), "{protocol}");
            thread::sleep(Duration::from_millis(50));
        }
    });
}
