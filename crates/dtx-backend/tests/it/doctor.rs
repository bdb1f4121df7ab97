//! `dtx-backend doctor`, run as a user runs it.

use std::time::{Duration, Instant};

use otlp_test_collector::{Behaviour, Collector, Rejection};

use crate::program::{Ended, Program};

/// Lets the doctor examine these variables; it leaves nothing behind.
async fn examine(variables: &[(&str, &str)]) -> Ended {
    let directory = tempfile::tempdir().unwrap();
    let program = Program::start_with(&directory, variables, &["doctor"]);
    let ended = program.ended().await;
    assert!(ended.stderr.is_empty(), "{ended:?}");
    assert_eq!(ended.stdout[0], "Settings", "no log lines: {ended:?}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    ended
}

async fn examine_export(collector: &Collector, more: &[(&str, &str)]) -> Ended {
    let endpoint = collector.endpoint();
    let mut variables = vec![
        ("OTEL_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*endpoint),
    ];
    variables.extend(more);
    examine(&variables).await
}

/// The last line, which is the verdict.
#[track_caller]
fn assert_verdict(ended: &Ended, verdict: &str, code: i32) {
    assert_eq!(ended.stdout.last().unwrap(), verdict, "{ended:#?}");
    assert_eq!(ended.status.code(), Some(code), "{ended:#?}");
}

#[tokio::test]
async fn without_export_all_is_well() {
    let ended = examine(&[]).await;
    assert_verdict(&ended, "  off: OTEL_ENABLED is not true", 0);
    let line = ended
        .stdout
        .iter()
        .find(|line| line.contains("OTEL_SERVICE_NAME"));
    assert!(line.unwrap().contains("dtx-backend"), "{ended:#?}");
}

#[tokio::test]
async fn a_collector_that_is_well_is_exit_code_0() {
    let collector = Collector::start();
    let ended = examine_export(&collector, &[]).await;
    assert_verdict(&ended, "Export works.", 0);
    assert_eq!(collector.requests().len(), 3);
    assert!(collector.spans().is_empty());
}

#[tokio::test]
async fn a_collector_that_does_not_take_it_is_exit_code_1() {
    for (behaviour, told) in [
        (Behaviour::Refuse, "Is the collector running"),
        (
            Behaviour::Reject(Rejection::status(401)),
            "OTEL_EXPORTER_OTLP_HEADERS",
        ),
        (Behaviour::BlackHole, "is the collector well?"),
    ] {
        let collector = Collector::start();
        collector.set_behaviour(behaviour);
        // It does not wait for as long as an export may take, but for five seconds.
        let hour = ("OTEL_EXPORTER_OTLP_TIMEOUT", "3600000");
        let begun = Instant::now();
        let ended = examine_export(&collector, &[hour]).await;
        assert!(begun.elapsed() < Duration::from_secs(30));
        assert_verdict(&ended, "Export cannot work.", 1);
        assert!(ended.stdout.join("\n").contains(told), "{ended:#?}");
    }
}

#[tokio::test]
async fn bad_settings_are_told_and_headers_are_not_shown() {
    let collector = Collector::start();
    let ended = examine_export(
        &collector,
        &[
            ("LOG_LEVEL", "loud"),
            ("OTEL_TRACES_SAMPLER", "some"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=hidden"),
            // The doctor does not care for the database.
            ("DATABASE_URL", "garbage"),
        ],
    )
    .await;
    assert_verdict(&ended, "Export works.", 0);
    let shown = ended.stdout.join("\n");
    for part in [
        "! \"loud\" is not one of",
        "! \"some\" is not one of",
        "x-key=***",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    assert!(!shown.contains("hidden"), "{shown}");
}
