//! A Redis that is there, and one that is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use otlp_test_collector::{Collector, SpanKind};
use rustix::process::Signal;
use serde_json::json;
use test_servers::RedisServer;

use crate::cache::{TABLE, site, until};
use crate::cache_contents::CacheContents as _;
use crate::export::exporting;
use crate::program::{Program, get, http_client, request_by};
use crate::watched::Watched;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_are_spans_beneath_that_of_their_request() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let collector = Collector::start();
    let (endpoint, url) = (collector.endpoint(), redis.url());
    let mut variables = exporting(&endpoint);
    variables.push(("REDIS_URL", &url));
    let directory = tempfile::tempdir().unwrap();
    let mut program = Program::start_with(&directory, &variables, &["serve"]);
    let url = program.url().await;
    for expected in [&["GET", "SET"][..], &["GET"]] {
        collector.clear();
        get(format!("{url}{TABLE}")).await;
        let request = collector.wait_for_span("GET /api/tournaments/{id}/standings/");
        let spans = collector.spans().into_iter();
        let mut commands: Vec<_> = spans
            .filter(|span| {
                let system = span.attributes.get("db.system.name");
                system.is_some_and(|system| system.as_str() == Some("redis"))
            })
            .collect();
        commands.sort_by_key(|span| span.start);
        let names: Vec<_> = commands.iter().map(|span| &*span.name).collect();
        assert_eq!(names, expected);
        for command in commands {
            assert_eq!(command.kind, SpanKind::Client);
            assert_eq!(command.parent_id.as_ref(), Some(&request.span_id));
            assert_eq!(command.trace_id, request.trace_id);
            assert_eq!(command.attributes["server.address"], "127.0.0.1");
        }
    }
    program.signal(Signal::TERM);
    assert_eq!(program.ended().await.status.code(), Some(0));
}

/// Requests that come one after the other until told to stop.
#[derive(Debug)]
struct Load {
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<Duration>,
}

impl Load {
    fn start(url: String) -> Self {
        let (stop, sent) = (Arc::default(), Arc::default());
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&sent));
        let task = telemetry_core::spawn(async move {
            let client = http_client();
            let mut longest = Duration::ZERO;
            while !AtomicBool::load(&stopped, Ordering::Relaxed) {
                let begun = Instant::now();
                let response = request_by(&client, url.clone()).await;
                assert_eq!(response.status(), 200);
                longest = longest.max(begun.elapsed());
                AtomicUsize::fetch_add(&count, 1, Ordering::Relaxed);
            }
            longest
        });
        Self { stop, sent, task }
    }

    /// Waits for so many more requests.
    async fn more(&self, count: usize) {
        let before = self.sent.load(Ordering::Relaxed);
        until(async || {
            tokio::task::yield_now().await;
            assert!(!self.task.is_finished(), "a request failed");
            self.sent.load(Ordering::Relaxed) >= before + count
        })
        .await;
    }

    /// Ends it; how long the longest request took.
    async fn end(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_fails_while_redis_is_stopped_and_started_again_and_each_is_one_line() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let url = redis.url();
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("DTX_BIND", "127.0.0.1:0"),
        ("NODE_ENV", "test"),
        ("REDIS_URL", &*url),
    ];
    let mut program = Program::start_with(&directory, &variables, &["serve"]);
    let url = program.url().await;
    let program = Watched::new(program);
    let load = Load::start(format!("{url}{TABLE}"));
    load.more(20).await;
    for _ in 0..2 {
        let told = program.tells("cache_unavailable");
        redis.crash();
        told.await;
        load.more(20).await;
        let told = program.tells("cache_recovered");
        redis.start_again();
        told.await;
        load.more(20).await;
        assert!(!redis.keys().await.is_empty());
    }
    // Its bound is a quarter of a second; the rest is for a busy machine.
    let longest = load.end().await;
    assert!(longest < Duration::from_secs(10), "{longest:?}");
    let mut lines = program.end().await;
    lines.retain(|line| line["event"].as_str().unwrap().starts_with("cache_"));
    for (at, line) in lines.iter().enumerate() {
        let (event, level) = match at % 2 {
            0 => ("cache_unavailable", "warning"),
            _ => ("cache_recovered", "info"),
        };
        assert_eq!(
            (&line["event"], &line["level"]),
            (&json!(event), &json!(level))
        );
        assert_eq!(line["error"].is_string(), at % 2 == 0, "{line}");
        assert_eq!(line["duration_ms"].is_f64(), at % 2 == 1, "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_changed_while_redis_hung_is_not_overlooked_when_it_goes_on() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let site = site(&redis).await;
    let captain = site.sample_user("captain").await;
    let before = captain.get(TABLE).await.body;
    redis.hang();
    let answer = captain
        .patch("/api/matches/1/", json!({"first_score": 99}))
        .await;
    answer.assert_status(200);
    let after = captain.get(TABLE).await.body;
    assert_ne!(after, before);
    redis.go_on();
    assert!(
        redis
            .keys()
            .await
            .iter()
            .any(|key| key.ends_with("tournament:1"))
    );
    // Until Redis is told, and after.
    until(async || {
        assert_eq!(captain.get(TABLE).await.body, after);
        let keys = redis.keys().await;
        !keys.iter().any(|key| key.ends_with("tournament:1"))
    })
    .await;
    assert_eq!(captain.get(TABLE).await.body, after);
}

#[tokio::test]
async fn the_site_starts_and_works_without_the_redis_that_it_is_to_use() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [
        ("DTX_BIND", "127.0.0.1:0"),
        ("NODE_ENV", "test"),
        ("REDIS_URL", "redis://:s3cret@127.0.0.1:9/"),
    ];
    let mut program = Program::start_with(&directory, &variables, &["serve"]);
    let url = program.url().await;
    for _ in 0..5 {
        let (status, _) = get(format!("{url}{TABLE}")).await;
        assert_eq!(status, 200);
    }
    program.signal(Signal::TERM);
    let ended = program.ended().await;
    let about = ended.stdout.iter().filter(|line| line.contains("cache_"));
    assert_eq!(about.count(), 1, "{ended:?}");
    assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
}
