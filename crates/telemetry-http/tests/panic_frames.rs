//! The first panic of a process, whose symbols take long to read, in a binary of its own.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::Request;
use telemetry_core::{Config, LogFormat, Telemetry};
use telemetry_http::HttpTelemetryLayer;
use tower::ServiceExt as _;

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// More than the 50 ms that a response may wait, since machines have neighbours.
const MAX_RESPONSE_TIME: Duration = Duration::from_millis(500);

#[tokio::test]
async fn the_response_to_the_first_panic_does_not_wait_for_its_frames_and_the_line_has_them() {
    // With RUST_BACKTRACE=1 the standard library's hook reads symbols itself.
    std::panic::set_hook(Box::new(|_| {}));
    let kept = Kept::default();
    let telemetry = Telemetry::builder()
        .with_config(Config::default().with_format(LogFormat::Json))
        .with_output(kept.clone())
        .install()
        .unwrap();
    let app = Router::new()
        .route(
            "/api/games/{id}/",
            get(|| async { panic!("on purpose") as () }),
        )
        .layer(HttpTelemetryLayer::new());
    let request = Request::get("/api/games/7/").header("x-request-id", "abc");
    let request = request.body(Body::empty()).unwrap();

    let started = Instant::now();
    let response = app.oneshot(request).await.unwrap();
    let elapsed = started.elapsed();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["x-request-id"], "abc");
    assert!(elapsed < MAX_RESPONSE_TIME, "{elapsed:?}");

    // What is still to be reported is waited for.
    assert!(telemetry.shutdown(Duration::from_secs(20)).await);
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let failed: Vec<_> = text
        .lines()
        .filter(|line| line.contains("\"event\":\"request_failed\""))
        .collect();
    assert_eq!(failed.len(), 1, "{text}");
    let line: serde_json::Value = serde_json::from_str(failed[0]).unwrap();
    assert_eq!(line["error"], "panic: on purpose");
    assert_eq!(line["http.status_code"], 500);
    assert_eq!(line["request.id"], "abc");
    assert_eq!(line["game.id"], 7);
    let exception = line["exception"].as_str().unwrap();
    assert!(exception.contains("/panic_frames.rs:"), "{exception}");
    assert!(exception.lines().count() > 1, "{exception}");
    assert!(exception.lines().count() < 20, "{exception}");
    assert!(!text.contains("work_panicked"), "{text}");
}
