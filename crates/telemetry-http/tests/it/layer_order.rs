//! Layers of others, inside and outside of ours: each statement of the page on HTTP.

use std::convert::Infallible;
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::middleware::{self, Next};
use axum::routing::{get as on_get, post};
use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _, stream};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use telemetry_core::Scope;
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_http::{HttpHooks, HttpTelemetryLayer, RequestHead};
use tokio::sync::oneshot;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::{BoxError, ServiceBuilder, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::{ResponseBodyTimeoutLayer, TimeoutLayer};

use crate::{get, request, request_id, send, with_telemetry};

/// Asserts that the one line of the request is this, with the id that the response has.
fn assert_line(logs: &LogCapture, response: &Response<String>, event: &str, status: u16) {
    let line = logs.single(event);
    let code = i64::from(status);
    assert_eq!(line["http.status_code"], code, "{}", line.line);
    assert_eq!(line["request.id"], request_id(response), "{}", line.line);
    assert_eq!(response.status(), status);
}

fn has_id<B>(response: &Response<B>) -> bool {
    response.headers().contains_key("x-request-id")
}

/// A handler that never answers.
fn waiting() -> Router {
    Router::new().route("/", on_get(pending::<()>))
}

fn timeout(status: StatusCode) -> TimeoutLayer {
    TimeoutLayer::with_status_code(status, Duration::from_millis(10))
}

#[tokio::test]
async fn a_timeout_inside_is_a_response_with_its_line_and_id() {
    for (status, event) in [
        (StatusCode::REQUEST_TIMEOUT, "request_completed"),
        (StatusCode::SERVICE_UNAVAILABLE, "request_failed"),
    ] {
        let logs = capture_logs();
        let app = with_telemetry(waiting().layer(timeout(status)));
        let response = send(&app, get("/")).await;
        assert_line(&logs, &response, event, status.as_u16());
        assert_eq!(logs.events().len(), 1);
    }
}

#[tokio::test]
async fn a_timeout_outside_drops_the_request_as_a_client_does_that_leaves() {
    let logs = capture_logs();
    let app = with_telemetry(waiting()).layer(timeout(StatusCode::REQUEST_TIMEOUT));
    let response = send(&app, get("/")).await;
    assert_eq!(response.status(), StatusCode::REQUEST_TIMEOUT);
    assert!(!has_id(&response));
    let line = logs.single("request_cancelled");
    assert!(line.get("http.status_code").is_none());
    assert_eq!(logs.events().len(), 1);
}

/// A body that never ends.
async fn stalling() -> Body {
    let first = stream::iter([Ok::<_, Infallible>("first")]);
    Body::from_stream(first.chain(stream::pending()))
}

#[tokio::test]
async fn a_timeout_of_the_body_is_a_failure_inside_and_a_cancellation_outside() {
    let limit = ResponseBodyTimeoutLayer::new(Duration::from_millis(10));
    let app = Router::new().route("/", on_get(stalling));
    for (app, event) in [
        (
            with_telemetry(app.clone().layer(limit.clone())),
            "request_failed",
        ),
        (with_telemetry(app).layer(limit), "request_cancelled"),
    ] {
        let logs = capture_logs();
        let response = app.oneshot(get("/")).await.unwrap();
        assert!(has_id(&response));
        response.into_body().collect().await.unwrap_err();
        assert_eq!(logs.single(event)["http.status_code"], 200);
        assert_eq!(logs.events().len(), 1);
    }
}

fn panicking() -> Router {
    Router::new().route("/", on_get(|| async { panic!("on purpose") as () }))
}

/// The response of an application of its own to a panic.
fn sorry(_panic: Box<dyn std::any::Any + Send>) -> Response<Body> {
    let mut response = Response::new(Body::from("sorry"));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[tokio::test]
async fn a_panic_that_is_caught_inside_is_a_line_of_its_own_beside_the_requests() {
    let logs = capture_logs();
    let app = with_telemetry(panicking().layer(CatchPanicLayer::custom(sorry)));
    let response = send(&app, get("/")).await;
    assert_eq!(response.body(), "sorry");
    assert_line(&logs, &response, "request_failed", 500);
    let panicked = logs.single("work_panicked");
    assert_eq!(panicked["request.id"], request_id(&response));
    assert_eq!(logs.events().len(), 2);
}

#[tokio::test]
async fn a_panic_never_reaches_a_layer_outside() {
    let logs = capture_logs();
    let app = with_telemetry(panicking()).layer(CatchPanicLayer::custom(sorry));
    let response = send(&app, get("/")).await;
    assert_eq!(response.body(), "");
    assert_line(&logs, &response, "request_failed", 500);
    let failed = logs.single("request_failed");
    assert_eq!(failed["error"], "panic: on purpose");
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_panic_between_the_two_is_a_response_without_an_id_and_no_request() {
    let logs = capture_logs();
    async fn broken(_request: Request<Body>, _next: Next) -> Response<Body> {
        panic!("on purpose")
    }
    let app = with_telemetry(Router::new().route("/", on_get(|| async {})));
    let app = app
        .layer(middleware::from_fn(broken))
        .layer(CatchPanicLayer::custom(sorry));
    let response = send(&app, get("/")).await;
    assert_eq!(response.body(), "sorry");
    assert!(!has_id(&response));
    assert!(logs.single("work_panicked").get("request.id").is_none());
    assert_eq!(logs.events().len(), 1);
}

/// What load shedding refuses, as a response.
async fn overloaded(error: BoxError) -> (StatusCode, String) {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
}

/// One request at a time; the others are refused.
macro_rules! one_at_a_time {
    () => {
        ServiceBuilder::new()
            .layer(HandleErrorLayer::new(overloaded))
            .layer(LoadShedLayer::new())
            .layer(GlobalConcurrencyLimitLayer::new(1))
    };
}

/// A handler that says that it has begun and waits until it may end.
fn held() -> (Router, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (begun, has_begun) = oneshot::channel();
    let (end, may_end) = oneshot::channel::<()>();
    let once = Arc::new(Mutex::new(Some((begun, may_end))));
    let handler = move || async move {
        let first = once.lock().unwrap().take();
        if let Some((begun, may_end)) = first {
            begun.send(()).unwrap();
            may_end.await.unwrap();
        }
    };
    (Router::new().route("/", on_get(handler)), has_begun, end)
}

/// Sends a request while another is being served, and lets that end.
async fn send_while_busy(
    app: Router,
    has_begun: oneshot::Receiver<()>,
    end: oneshot::Sender<()>,
) -> Response<String> {
    let first = telemetry_core::spawn({
        let app = app.clone();
        async move { send(&app, get("/")).await }
    });
    has_begun.await.unwrap();
    let refused = send(&app, get("/")).await;
    end.send(()).unwrap();
    assert_eq!(first.await.unwrap().status(), 200);
    refused
}

#[tokio::test]
async fn what_is_refused_inside_is_a_response_with_its_line_and_id() {
    let logs = capture_logs();
    let (app, has_begun, end) = held();
    let app = with_telemetry(app.layer(one_at_a_time!()));
    let refused = send_while_busy(app, has_begun, end).await;
    assert_eq!(refused.body(), "service overloaded");
    assert_line(&logs, &refused, "request_failed", 503);
    logs.single("request_completed");
}

#[tokio::test]
async fn what_is_refused_outside_has_neither_line_nor_id() {
    let logs = capture_logs();
    let (app, has_begun, end) = held();
    let app = with_telemetry(app).layer(one_at_a_time!());
    let refused = send_while_busy(app, has_begun, end).await;
    assert_eq!(refused.body(), "service overloaded");
    assert_eq!(refused.status(), 503);
    assert!(!has_id(&refused));
    // That of the request that was served.
    logs.single("request_completed");
    assert_eq!(logs.events().len(), 1);
}

/// Counts the requests that have begun.
#[derive(Clone, Default)]
struct Begun(Arc<AtomicUsize>);

impl HttpHooks for Begun {
    fn on_request(&self, _request: &RequestHead<'_>, _scope: &Scope) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_request_waits_for_its_place_inside_and_has_not_begun_outside() {
    let place = || GlobalConcurrencyLimitLayer::new(1);
    let inside = |app: Router, ours| app.layer(place()).layer(ours);
    let outside = |app: Router, ours| app.layer(ours).layer(place());
    // Of one stack, the outer service is called when the inner one is ready.
    let joined = |app: Router, ours| app.layer(ServiceBuilder::new().layer(ours).layer(place()));
    type Stack<'a> = &'a dyn Fn(Router, HttpTelemetryLayer) -> Router;
    let stacks: [(Stack<'_>, usize); 3] = [(&inside, 2), (&outside, 1), (&joined, 1)];
    for (stack, expected) in stacks {
        let begun = Begun::default();
        let (app, has_begun, end) = held();
        let app = stack(app, HttpTelemetryLayer::new().with_hooks(begun.clone()));
        let first = telemetry_core::spawn({
            let app = app.clone();
            async move { send(&app, get("/")).await }
        });
        has_begun.await.unwrap();
        let mut second = Box::pin(send(&app, get("/")));
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(begun.0.load(Ordering::Relaxed), expected);
        end.send(()).unwrap();
        first.await.unwrap();
        second.await;
        assert_eq!(begun.0.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test]
async fn a_limit_of_the_body_has_a_line_inside_and_none_outside() {
    let limit = RequestBodyLimitLayer::new(4);
    let app = || Router::new().route("/", post(|_body: Bytes| async {}));
    let too_long = || {
        let mut request = request("POST", "/");
        let headers = request.headers_mut();
        headers.insert("content-length", 5.into());
        *request.body_mut() = Body::from("12345");
        request
    };
    let logs = capture_logs();
    let refused = send(&with_telemetry(app().layer(limit)), too_long()).await;
    assert_line(&logs, &refused, "request_completed", 413);

    let logs = capture_logs();
    let refused = send(&with_telemetry(app()).layer(limit), too_long()).await;
    assert_eq!(refused.status(), 413);
    assert!(!has_id(&refused));
    assert_eq!(logs.events().len(), 0);
}
