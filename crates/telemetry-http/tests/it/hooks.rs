//! What an application adds.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use telemetry_core::Scope;
use telemetry_core::testing::capture_logs;
use telemetry_http::{
    HttpHooks, HttpTelemetryLayer, Outcome, RequestEnd, RequestHead, ResponseHead,
};
use tower::ServiceExt as _;

use crate::{get, send};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl HttpHooks for Notes {
    fn on_request(&self, request: &RequestHead<'_>, scope: &Scope) {
        scope.bind("host", request.headers["host"].to_str().unwrap());
        telemetry_core::bind("current", true);
        self.0
            .lock()
            .unwrap()
            .push(format!("request {} {}", request.method, request.uri));
    }

    fn on_response(&self, response: &ResponseHead<'_>, scope: &Scope) {
        scope.bind("kind", response.headers["content-type"].to_str().unwrap());
        self.0
            .lock()
            .unwrap()
            .push(format!("response {}", response.status));
    }

    fn on_end(&self, end: &RequestEnd, scope: &Scope) {
        scope.bind("bytes", end.body_bytes);
        let status = end.status.map_or(0, |status| status.as_u16());
        self.0
            .lock()
            .unwrap()
            .push(format!("end {:?} {status} {}", end.outcome, end.body_bytes));
    }
}

fn host_request(path: &str) -> http::Request<Body> {
    let mut request = get(path);
    request
        .headers_mut()
        .insert("host", "dtx.example".parse().unwrap());
    request
}

#[tokio::test]
async fn hooks_see_each_stage_and_what_they_bind_is_on_the_line() {
    let logs = capture_logs();
    let notes = Notes::default();
    let app = Router::new()
        .route("/a", on_get(|| async { "hello" }))
        .layer(HttpTelemetryLayer::new().with_hooks(notes.clone()));
    send(&app, host_request("/a?b=c")).await;
    assert_eq!(
        notes.take(),
        [
            "request GET /a?b=c",
            "response 200 OK",
            "end Completed 200 5"
        ]
    );
    let event = logs.single("request_completed");
    assert_eq!(event["host"], "dtx.example");
    assert_eq!(event["current"], true);
    assert_eq!(event["kind"], "text/plain; charset=utf-8");
    assert_eq!(event["bytes"], 5);
}

#[tokio::test]
async fn every_ending_is_told_once() {
    let _logs = capture_logs();
    let notes = Notes::default();
    let app = Router::new()
        .route("/panic", on_get(|| async { panic!("on purpose") as () }))
        .route("/wait", on_get(std::future::pending::<()>))
        .layer(HttpTelemetryLayer::new().with_hooks(notes.clone()));
    send(&app, host_request("/panic")).await;
    assert_eq!(notes.take()[1..], ["end Failed 500 0"]);

    let mut call = Box::pin(app.oneshot(host_request("/wait")));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    drop(call);
    assert_eq!(notes.take()[1..], ["end Cancelled 0 0"]);
}

#[tokio::test]
async fn a_hook_that_panics_at_the_end_costs_nothing_else() {
    struct Clumsy;
    impl HttpHooks for Clumsy {
        fn on_response(&self, _: &ResponseHead<'_>, _: &Scope) {
            panic!("clumsy");
        }
        fn on_end(&self, end: &RequestEnd, _: &Scope) {
            assert_eq!(end.outcome, Outcome::Cancelled, "clumsy");
        }
    }
    let logs = capture_logs();
    let app = Router::new()
        .route("/", on_get(|| async { "fine" }))
        .layer(HttpTelemetryLayer::new().with_hooks(Clumsy));
    assert_eq!(send(&app, get("/")).await.body(), "fine");
    logs.single("request_completed");
}

#[tokio::test]
async fn a_hook_that_panics_at_the_beginning_is_a_failure_of_the_request() {
    struct Clumsy;
    impl HttpHooks for Clumsy {
        fn on_request(&self, _: &RequestHead<'_>, _: &Scope) {
            panic!("clumsy");
        }
    }
    let logs = capture_logs();
    let app = Router::new().layer(HttpTelemetryLayer::new().with_hooks(Clumsy));
    assert_eq!(send(&app, get("/")).await.status(), 500);
    assert_eq!(logs.single("request_failed")["error"], "panic: clumsy");
}
