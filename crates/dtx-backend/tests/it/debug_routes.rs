//! The routes that go wrong on demand.

use telemetry_core::testing::capture_logs;

use crate::site::Site;

async fn with_debug_routes() -> Site {
    Site::with([("DTX_DEBUG_ROUTES", "true"), ("DTX_SAMPLE_DATA", "false")]).await
}

#[tokio::test]
async fn they_are_not_there_by_default() {
    let site = Site::empty().await;
    for path in ["panic", "error", "slow", "stream"] {
        let answer = site.nobody().get(&format!("/api/debug/{path}/")).await;
        answer.assert_error(404, "not_found");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_whose_words_are_for_the_log() {
    let site = with_debug_routes().await;
    let logs = capture_logs();
    let answer = site.nobody().get("/api/debug/panic/").await;
    answer.assert_error(500, "internal");
    let line = logs.single("request_failed");
    assert_eq!(line["http.status_code"], 500);
    assert_eq!(line["error"], "panic: a handler that panics on demand");
    assert!(
        line["exception"].to_string().contains("api/debug.rs"),
        "{}",
        line.line
    );
    assert!(!answer.text.contains("demand"));
    assert_eq!(line["request.id"], answer.header("x-request-id").unwrap());
}

#[tokio::test]
async fn an_error_is_on_the_line_with_its_sources() {
    let site = with_debug_routes().await;
    let logs = capture_logs();
    let answer = site.nobody().get("/api/debug/error/").await;
    answer.assert_error(500, "internal");
    let line = logs.single("request_failed");
    assert_eq!(line["error"], "cannot compute the statistics of a match");
    assert_eq!(
        line["exception"],
        "cannot compute the statistics of a match\n\
         caused by: cannot read the profile of a player\n\
         caused by: connection reset by peer"
    );
    assert!(!answer.text.contains("statistics"));
}

#[tokio::test]
async fn a_wait_is_as_long_as_asked_for() {
    let site = with_debug_routes().await;
    let logs = capture_logs();
    site.nobody()
        .get("/api/debug/slow/?ms=30")
        .await
        .assert_status(200);
    let line = logs.single("request_completed");
    let duration: f64 = line["duration_ms"].to_string().parse().unwrap();
    assert!(duration >= 30.0, "{}", line.line);
}

#[tokio::test]
async fn a_stream_comes_in_chunks() {
    let site = with_debug_routes().await;
    let answer = site.nobody().get("/api/debug/stream/?chunks=3&ms=1").await;
    let lines: Vec<_> = answer.assert_status(200).text.lines().collect();
    assert_eq!(
        lines,
        [
            "{\"chunk\":1,\"of\":3}",
            "{\"chunk\":2,\"of\":3}",
            "{\"chunk\":3,\"of\":3}",
        ]
    );
    let answer = site.nobody().get("/api/debug/stream/?chunks=0").await;
    assert_eq!(answer.assert_status(200).text, "");
}

#[tokio::test]
async fn they_have_their_bounds() {
    let site = with_debug_routes().await;
    for (path, field, problem) in [
        ("slow/?ms=60001", "ms", "must be at most 60000"),
        ("stream/?chunks=1001", "chunks", "must be at most 1000"),
        ("stream/?ms=60001", "ms", "must be at most 60000"),
        ("slow/?ms=-1", "ms", "invalid digit found in string"),
    ] {
        let answer = site.nobody().get(&format!("/api/debug/{path}")).await;
        answer.assert_invalid(field, problem);
    }
}
