//! What the body of a response is, and what it keeps of its request.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use telemetry_core::testing::capture_logs;
use telemetry_core::{Scope, names};
use telemetry_http::{HttpTelemetryLayer, ResponseBody, ResponseFuture};
use tower::util::BoxCloneSyncService;
use tower::{Service as _, ServiceBuilder, ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::{get, send, with_telemetry};

#[test]
fn a_body_is_send_sync_and_unpin_where_that_of_the_service_is() {
    fn is_all<T: Send + Sync + Unpin + 'static>() {}
    is_all::<ResponseBody<Full<Bytes>>>();
    is_all::<ResponseBody<http_body_util::combinators::BoxBody<Bytes, Infallible>>>();
    fn is_send<T: Send + Unpin>() {}
    // axum's is no more than that.
    is_send::<ResponseBody<Body>>();
    is_all::<ResponseFuture<std::future::Ready<()>>>();
}

#[tokio::test]
async fn a_body_can_be_boxed_with_sync() {
    type Boxed = http_body_util::combinators::BoxBody<Bytes, Infallible>;
    let logs = capture_logs();
    let service = ServiceBuilder::new()
        .map_response(|response: Response<ResponseBody<Full<Bytes>>>| response.map(BodyExt::boxed))
        .layer(HttpTelemetryLayer::new())
        .service_fn(|_: Request<()>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"whole"))))
        });
    // Of the same type whatever the handler's future is.
    let service: BoxCloneSyncService<Request<()>, Response<Boxed>, Infallible> =
        BoxCloneSyncService::new(service);
    let response = service.oneshot(Request::new(())).await.unwrap();
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.to_bytes(), "whole");
    logs.single("request_completed");
}

#[tokio::test]
async fn bodies_of_different_handlers_are_of_one_type() {
    async fn body_of<S>(service: S) -> ResponseBody<Full<Bytes>>
    where
        S: tower::Service<Request<()>, Response = Response<Full<Bytes>>, Error = Infallible>,
    {
        let service = HttpTelemetryLayer::new().layer(service);
        let response = service.oneshot(Request::new(())).await;
        response.map(Response::into_body).unwrap()
    }
    let one = service_fn(|_| async { Ok(Response::new(Full::from("one"))) });
    let two = service_fn(|_| std::future::ready(Ok(Response::new(Full::from("two")))));
    for (body, text) in [(body_of(one).await, "one"), (body_of(two).await, "two")] {
        assert_eq!(body.collect().await.unwrap().to_bytes(), text);
    }
}

/// Notes where it was dropped: the request id that was current then, or none.
#[derive(Clone, Default)]
struct Drops(Arc<Mutex<Vec<Option<String>>>>);

impl Drops {
    fn noted(&self) -> Vec<Option<String>> {
        self.0.lock().unwrap().clone()
    }

    fn state(&self) -> State {
        State {
            _memory: [0; 32 * 1024],
            drops: self.clone(),
        }
    }
}

/// What a handler holds.
struct State {
    _memory: [u8; 32 * 1024],
    drops: Drops,
}

impl Drop for State {
    fn drop(&mut self) {
        let id = Scope::current().and_then(|scope| scope.get(names::REQUEST_ID));
        let id = id.map(|id| id.to_string());
        self.drops.0.lock().unwrap().push(id);
    }
}

fn with_id(path: &str) -> Request<Body> {
    let mut request = get(path);
    request
        .headers_mut()
        .insert("x-request-id", "abc".parse().unwrap());
    request
}

fn in_scope_of_abc() -> Vec<Option<String>> {
    vec![Some("abc".to_owned())]
}

#[tokio::test]
async fn what_the_handler_holds_is_dropped_when_the_head_is_there() {
    let logs = capture_logs();
    let drops = Drops::default();
    let noted = drops.clone();
    let handler = move || {
        let state = drops.state();
        async move {
            tokio::task::yield_now().await;
            let _held = state;
            Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
        }
    };
    let app = with_telemetry(Router::new().route("/", on_get(handler)));
    let response = app.oneshot(with_id("/")).await.unwrap();
    assert_eq!(noted.noted(), in_scope_of_abc());
    assert_eq!(logs.events().len(), 0, "the request goes on");
    drop(response);
    assert_eq!(noted.noted().len(), 1);
    logs.single("request_cancelled");
}

#[test]
fn a_body_is_small_whatever_the_handler_holds() {
    let size = size_of::<ResponseBody<Full<Bytes>>>();
    let of_service = size_of::<Full<Bytes>>();
    assert!(size <= of_service + 2 * size_of::<usize>(), "{size}");
}

#[tokio::test]
async fn memory_of_the_handler_is_that_of_the_future_alone() {
    let state = [0_u8; 32 * 1024];
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<()>| async move {
        tokio::task::yield_now().await;
        std::hint::black_box(&state);
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("small")))
    }));
    let future = service.call(Request::new(()));
    assert!(size_of_val(&future) > state.len());
    let response = future.await.unwrap();
    assert!(size_of_val(&response) < 512, "{}", size_of_val(&response));
}

#[tokio::test]
async fn what_a_panicking_handler_holds_is_dropped_in_its_scope_and_once() {
    let logs = capture_logs();
    let drops = Drops::default();
    let held = drops.state();
    let held = Mutex::new(Some(held));
    let mut service = HttpTelemetryLayer::new().layer(service_fn(move |_: Request<Body>| {
        let state = held.lock().unwrap().take();
        async move {
            let _held = state;
            tokio::task::yield_now().await;
            if std::hint::black_box(true) {
                panic!("on purpose");
            }
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    }));
    let response = service.call(with_id("/")).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(drops.noted(), in_scope_of_abc());
    drop(response);
    assert_eq!(drops.noted().len(), 1);
    logs.single("request_failed");
}

#[tokio::test]
async fn what_a_handler_holds_is_dropped_before_a_cancelled_request_ends() {
    let logs = capture_logs();
    /// Says that it is dropped, as a line.
    struct Says;
    impl Drop for Says {
        fn drop(&mut self) {
            tracing::info!("handler_dropped");
        }
    }
    let mut service = HttpTelemetryLayer::new().layer(service_fn(|_: Request<Body>| async {
        let _says = Says;
        std::future::pending::<Result<Response<Body>, Infallible>>().await
    }));
    let mut future = Box::pin(service.call(with_id("/")));
    let mut cx = Context::from_waker(Waker::noop());
    assert!(future.as_mut().poll(&mut cx).is_pending());
    drop(future);
    let events = logs.events();
    let names: Vec<_> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(names, ["handler_dropped", "request_cancelled"]);
    assert!(events.iter().all(|event| event["request.id"] == "abc"));
}

#[tokio::test]
async fn a_service_that_is_called_and_never_polled_is_dropped_in_its_scope() {
    let logs = capture_logs();
    let drops = Drops::default();
    let noted = drops.clone();
    let mut service = HttpTelemetryLayer::new().layer(service_fn(move |_: Request<Body>| {
        let state = drops.state();
        async move {
            let _held = state;
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    }));
    drop(service.call(with_id("/")));
    assert_eq!(noted.noted(), in_scope_of_abc());
    logs.single("request_cancelled");
}

#[tokio::test]
async fn a_response_is_polled_no_more_than_once_it_is_there() {
    let polls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&polls);
    let mut service = HttpTelemetryLayer::new().layer(service_fn(move |_: Request<()>| {
        let counted = Arc::clone(&counted);
        poll_fn(move |_| {
            counted.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(""))))
        })
    }));
    let mut future = Box::pin(service.call(Request::new(())));
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = || Pin::as_mut(&mut future).poll(&mut cx);
    assert!(poll().is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| drop(poll())));
    assert!(again.is_err(), "as futures do that are polled again");
    assert_eq!(polls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_body_keeps_its_context_though_the_future_is_gone() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/api/teams/4/",
        on_get(|| async {
            let parts = stream::iter(0..2).map(|part| {
                tracing::info!("part");
                Ok::<_, Infallible>(part.to_string())
            });
            Body::from_stream(parts)
        }),
    ));
    assert_eq!(send(&app, get("/api/teams/4/")).await.body(), "01");
    let events = logs.events();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["team.id"] == 4));
}
