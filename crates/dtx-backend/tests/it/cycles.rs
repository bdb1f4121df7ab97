//! Cycles of daemons, some of whose work fails.

use otlp_test_collector::{Collector, SpanStatus};
use serde_json::json;

use crate::announcements::create_game;
use crate::export::exporting;
use crate::stub::{Reply, Stub};
use crate::workers::{end, start};

#[tokio::test]
async fn a_cycle_counts_what_failed_on_its_line_and_its_root_span() {
    let directory = tempfile::tempdir().unwrap();
    let collector = Collector::start();
    let api = Stub::start(|_| Reply::Failure).await;
    let endpoint = collector.endpoint();
    let mut variables = exporting(&endpoint);
    variables.extend([("DTX_API_URL", &*api.url), ("DTX_CYCLE_SECONDS", "1")]);
    let mut program = start(&directory, &[], &variables);
    let url = program.url().await;
    create_game(&url).await;
    let (mut moved, mut notified, mut failed) = (None, None, Vec::new());
    while moved.is_none() || notified.is_none() {
        let line = program.line().await.unwrap();
        match (line["event"].as_str(), line["cycle"].as_str()) {
            (Some("notification_failed"), _) => failed.push(line["request.id"].clone()),
            (Some("cycle_completed"), Some("transition_games")) => moved = moved.or(Some(line)),
            (Some("cycle_completed"), _) => notified = notified.or(Some(line)),
            _ => {}
        }
    }
    let (moved, notified) = (moved.unwrap(), notified.unwrap());
    assert_eq!(moved["level"], "info");
    assert_eq!(moved["items.succeeded"], 1);
    assert_eq!(moved["items.failed"], 0);
    assert_eq!(notified["level"], "warning");
    assert_eq!(notified["items.succeeded"], 0);
    assert_eq!(notified["items.failed"], 1);
    assert_eq!(notified["error"], "1 of 1 failed");
    // The line of what failed is found by the same id.
    assert!(failed.contains(&notified["request.id"]), "{failed:?}");
    assert_ne!(moved["request.id"], notified["request.id"]);

    let cycle = collector.wait_for(|collector| {
        let mut spans = collector.spans().into_iter();
        spans.find(|span| {
            let is_of_line = span.trace_id == notified["trace_id"];
            is_of_line && span.name == "check_notifications"
        })
    });
    assert_eq!(cycle.parent_id, None);
    assert_eq!(cycle.attributes["items.succeeded"], 0);
    assert_eq!(cycle.attributes["items.failed"], 1);
    assert_eq!(cycle.attributes["error.type"], "items_failed");
    assert_eq!(cycle.status, SpanStatus::Error("1 of 1 failed".to_owned()));
    let cycle = collector.wait_for(|collector| {
        let mut spans = collector.spans().into_iter();
        spans.find(|span| {
            let is_of_line = span.trace_id == moved["trace_id"];
            is_of_line && span.name == "transition_games"
        })
    });
    assert_eq!(cycle.attributes["items.succeeded"], 1);
    assert_eq!(cycle.status, SpanStatus::Unset);
    end(program).await;
}

#[tokio::test]
async fn a_cycle_that_has_nothing_to_do_writes_no_line() {
    let directory = tempfile::tempdir().unwrap();
    let more = [
        ("DTX_CYCLE_SECONDS", "1"),
        ("DTX_CLEANUP_SCHEDULE", "* * * * * *"),
    ];
    let mut program = start(&directory, &[], &more);
    program.url().await;
    // One of the sample data's games is about to begin.
    let completed = program.event("cycle_completed").await;
    assert_eq!(completed["items.succeeded"], 1);
    // Some seconds.
    for _ in 0..4 {
        loop {
            let line = program.line().await.unwrap();
            assert_ne!(line["event"], json!("cycle_completed"), "{line}");
            if line["event"] == "cleaned_up" {
                break;
            }
        }
    }
    end(program).await;
}
