//! Futures, responses and bodies whose destructors panic.

use std::convert::Infallible;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use telemetry_core::testing::{CapturedEvent, LogCapture, capture_logs};
use telemetry_http::{HttpTelemetryLayer, UserId};
use tower::{Service as _, service_fn};
use tower_layer::Layer as _;

/// Panics when it is dropped.
struct Panics(&'static str);

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// A body of one frame.
struct OneFrame {
    bytes: Option<Bytes>,
    _panics: Option<Panics>,
}

impl OneFrame {
    fn new(panics: Option<Panics>) -> Self {
        Self {
            bytes: Some(Bytes::from_static(b"one")),
            _panics: panics,
        }
    }
}

impl Body for OneFrame {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

type Answer = Result<Response<OneFrame>, Infallible>;

fn request() -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = "/api/games/7/".parse().unwrap();
    request
        .headers_mut()
        .insert("x-request-id", "abc".parse().unwrap());
    request.extensions_mut().insert(UserId::from(42));
    request
}

/// The one line of the request, with all its context.
fn failed(logs: &LogCapture, error: &str) -> CapturedEvent {
    let event = logs.single("request_failed");
    assert_eq!(event["error"], error);
    assert_eq!(event["request.id"], "abc");
    assert_eq!(event["user.id"], 42);
    assert_eq!(event["labels"], ["game"]);
    assert_eq!(event["game.id"], 7);
    assert!(event.get("exception").is_some());
    assert_eq!(logs.named("request_cancelled"), []);
    event
}

#[tokio::test]
async fn a_service_future_whose_destructor_panics_gives_a_500_and_a_whole_line() {
    /// Ready at once, and panics when it is dropped after that.
    struct Handler(
        Option<Answer>,
        #[expect(dead_code, reason = "its destructor")] Panics,
    );
    impl Future for Handler {
        type Output = Answer;
        fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
            Poll::Ready(self.0.take().unwrap())
        }
    }
    let logs = capture_logs();
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<()>| {
        Handler(
            Some(Ok(Response::new(OneFrame::new(None)))),
            Panics("of a future"),
        )
    }));
    let response = service.call(request()).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(response.headers()["x-request-id"], "abc");
    assert_eq!(failed(&logs, "panic: of a future")["http.status_code"], 500);
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_second_panic_of_a_destructor_is_a_line_of_its_own() {
    let logs = capture_logs();
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<()>| {
        let response = Response::new(OneFrame::new(Some(Panics("of the response"))));
        struct Handler {
            _response: Response<OneFrame>,
        }
        impl Future for Handler {
            type Output = Answer;
            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Answer> {
                panic!("of the handler")
            }
        }
        Handler {
            _response: response,
        }
    }));
    let response = service.call(request()).await.unwrap();
    assert_eq!(response.status(), 500);
    failed(&logs, "panic: of the handler");
    let second = logs.single("work_panicked");
    assert_eq!(second["error"], "panic: of the response");
    assert_eq!(second["request.id"], "abc");
}

#[tokio::test]
async fn a_body_whose_destructor_panics_is_a_failed_request_with_its_context() {
    let logs = capture_logs();
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<()>| {
        ready(Answer::Ok(Response::new(OneFrame::new(Some(Panics(
            "of a body",
        ))))))
    }));
    let response = service.call(request()).await.unwrap();
    let dropped = catch_unwind(AssertUnwindSafe(|| drop(response)));
    assert!(dropped.is_err(), "what drops the body sees the panic");
    assert_eq!(failed(&logs, "panic: of a body")["http.status_code"], 200);
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_body_whose_destructor_panics_after_the_end_is_a_line_with_its_context() {
    let logs = capture_logs();
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<()>| {
        ready(Answer::Ok(Response::new(OneFrame::new(Some(Panics(
            "of a body",
        ))))))
    }));
    let mut body = service.call(request()).await.unwrap().into_body();
    while body.frame().await.is_some() {}
    assert_eq!(logs.single("request_completed")["request.id"], "abc");
    assert!(catch_unwind(AssertUnwindSafe(|| drop(body))).is_err());
    let line = logs.single("work_panicked");
    assert_eq!(line["error"], "panic: of a body");
    assert_eq!(line["request.id"], "abc");
}

#[tokio::test]
async fn a_cancelled_future_whose_destructor_panics_is_a_failed_request() {
    let logs = capture_logs();
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<()>| async {
        let _panics = Panics("while it was dropped");
        pending::<Answer>().await
    }));
    let mut future = Box::pin(service.call(request()));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(future))).is_err());
    failed(&logs, "panic: while it was dropped");
    assert_eq!(logs.events().len(), 1);
}
