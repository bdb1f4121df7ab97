//! Clients that go away.

use std::convert::Infallible;
use std::future::pending;
use std::task::{Context, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use futures_util::stream;
use http_body_util::BodyExt as _;
use telemetry_core::Scope;
use telemetry_core::testing::capture_logs;
use tower::ServiceExt as _;
use tracing::Level;

use crate::{get, with_telemetry};

/// Logs when it is dropped.
struct CleanUp;

impl Drop for CleanUp {
    fn drop(&mut self) {
        tracing::info!("cleaned_up");
    }
}

#[tokio::test]
async fn a_client_that_leaves_before_the_response_cancels_the_request() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/api/drafts/3/",
        on_get(|| async {
            let _clean_up = CleanUp;
            telemetry_core::bind("step", "waiting");
            pending::<()>().await;
        }),
    ));
    let mut call = Box::pin(app.oneshot(get("/api/drafts/3/")));
    let mut context = Context::from_waker(Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    assert_eq!(logs.events().len(), 0);
    drop(call);

    let event = logs.single("request_cancelled");
    assert_eq!(event.level, Level::WARN);
    assert_eq!(event["http.method"], "GET");
    assert_eq!(event["http.route"], "/api/drafts/3/");
    assert!(event.get("http.status_code").is_none());
    assert!(event["duration_ms"].as_f64().is_some());
    assert_eq!(event["draft.id"], 3);
    assert_eq!(event["step"], "waiting");
    // What the handler logs as it is dropped has its context, and comes before the end.
    let names: Vec<_> = logs.events().into_iter().map(|event| event.event).collect();
    assert_eq!(names, ["cleaned_up", "request_cancelled"]);
    assert_eq!(logs.single("cleaned_up")["draft.id"], 3);
    assert!(Scope::current().is_none());
}

#[tokio::test]
async fn a_client_that_leaves_within_the_body_cancels_the_request() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/api/drafts/3/",
        on_get(|| async {
            let clean_up = CleanUp;
            Body::from_stream(stream::repeat_with(move || {
                let _keep = &clean_up;
                Ok::<_, Infallible>("part")
            }))
        }),
    ));
    let mut body = app
        .oneshot(get("/api/drafts/3/"))
        .await
        .unwrap()
        .into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    let event = logs.single("request_cancelled");
    assert_eq!(event["http.status_code"], 200);
    assert_eq!(event["draft.id"], 3);
    let names: Vec<_> = logs.events().into_iter().map(|event| event.event).collect();
    assert_eq!(names, ["cleaned_up", "request_cancelled"]);
    assert_eq!(logs.single("cleaned_up")["draft.id"], 3);
}

#[tokio::test]
async fn a_body_that_is_never_read_is_cancelled() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route("/", on_get(|| async { "never read" })));
    drop(app.oneshot(get("/")).await.unwrap());
    logs.single("request_cancelled");
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_call_that_is_never_polled_is_cancelled() {
    let logs = capture_logs();
    let mut app = with_telemetry(Router::new().route("/", on_get(|| async {})));
    use tower::Service as _;
    drop(app.call(get("/")));
    // The router calls the layer only when it is polled: nothing began, nothing ended.
    assert_eq!(logs.events().len(), 0);
}
