//! Jobs that run in another process than the one that pushed them.

use std::collections::HashMap;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope, propagation};

use crate::child::{Errand, Worker};
use crate::stores::Store;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The scope of a request that is part of a trace.
fn request() -> Scope {
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let headers = HashMap::from([("traceparent".to_owned(), traceparent)]);
    let trace = propagation::extract(&headers).unwrap();
    Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament", "draft"])
        .trace(&trace)
        .build()
}

/// Does `test` with each storage, and takes away what it leaves there.
async fn with_each_store(test: impl AsyncFn(&Store)) {
    let directory = tempfile::tempdir().unwrap();
    for store in Store::all(directory.path()).await {
        let result = std::panic::AssertUnwindSafe(test(&store));
        let result = result.catch_unwind().await;
        let name = format!("{store:?}");
        store.remove().await;
        assert!(result.is_ok(), "with {name}");
    }
}

fn assert_has_context(line: &Value) {
    assert_eq!(line["request.id"], "abc-123", "{line}");
    assert_eq!(line["user.id"], 42, "{line}");
    assert_eq!(line["labels"], json!(["tournament", "draft"]), "{line}");
    assert_eq!(line["trace_id"], TRACE, "{line}");
    assert_eq!(line["task.name"], "Errand", "{line}");
}

/// Event and attempt of each line.
fn events(lines: &[Value]) -> Vec<(&str, i64)> {
    let lines = lines.iter();
    lines
        .map(|line| {
            let attempt = line["task.attempt"].as_i64().unwrap();
            (line["event"].as_str().unwrap(), attempt)
        })
        .collect()
}

#[tokio::test]
async fn a_worker_in_another_process_has_the_context_at_every_attempt() {
    let logs = capture_logs();
    with_each_store(async |store| {
        let pushed = store.push(Errand { succeeds_at: 3 });
        pushed.in_scope(request()).await;
        let id = logs.named("task_enqueued").pop().unwrap();
        let lines = Worker::start(store, false).lines();
        assert_eq!(
            events(&lines),
            [
                ("task_started", 1),
                ("errand_run", 1),
                ("task_retrying", 1),
                ("task_started", 2),
                ("errand_run", 2),
                ("task_retrying", 2),
                ("task_started", 3),
                ("errand_run", 3),
                ("task_completed", 3),
            ]
        );
        for line in &lines {
            assert_has_context(line);
            assert_eq!(line["task.id"], id["child_task_id"].to_string());
        }
        assert_eq!(lines[2]["error"], "attempt 1 failed");
    })
    .await;
}

#[tokio::test]
async fn a_job_that_no_request_has_pushed_has_one_request_id_across_processes() {
    let logs = capture_logs();
    with_each_store(async |store| {
        store.push(Errand { succeeds_at: 3 }).await;
        let enqueued = logs.named("task_enqueued").pop().unwrap();
        let lines = Worker::start(store, false).lines();
        assert_eq!(events(&lines).len(), 9);
        for line in &lines {
            assert_eq!(line["request.id"], enqueued["request.id"].to_string());
        }
    })
    .await;
}

#[tokio::test]
async fn a_job_whose_worker_was_killed_runs_again_with_its_context() {
    with_each_store(async |store| {
        let pushed = store.push(Errand { succeeds_at: 1 });
        pushed.in_scope(request()).await;
        let started = Worker::start(store, true).kill_after("task_started");
        assert_has_context(&started);
        assert_eq!(started["task.attempt"], 1);

        let lines = Worker::start(store, false).lines();
        // Redis does not count the attempt that nobody finished.
        let attempt = if matches!(store, Store::Redis { .. }) {
            1
        } else {
            2
        };
        assert_eq!(
            events(&lines),
            [
                ("task_started", attempt),
                ("errand_run", attempt),
                ("task_completed", attempt),
            ]
        );
        for line in &lines {
            assert_has_context(line);
            assert_eq!(line["task.id"], started["task.id"]);
        }
    })
    .await;
}
