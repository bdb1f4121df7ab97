//! A handler, a service or a body that panics.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use bytes::Bytes;
use futures_util::stream::Stream;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use telemetry_core::Scope;
use telemetry_core::panic::Panic;
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpHooks, HttpTelemetryLayer};
use tower::{Service as _, ServiceExt as _, service_fn};
use tower_http::catch_panic::CatchPanicLayer;
use tower_layer::Layer as _;
use tracing::Level;

use crate::{get, request_id, send, with_telemetry};

#[tokio::test]
async fn a_panicking_handler_gives_a_500_and_one_error_line() {
    let logs = capture_logs();
    async fn lose() {
        telemetry_core::bind("step", "second");
        panic!("game {} is lost", 7);
    }
    let app = with_telemetry(Router::new().route("/api/games/{id}/", on_get(lose)));
    let response = send(&app, get("/api/games/7/")).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.body(), "");

    let event = logs.single("request_failed");
    assert_eq!(event.level, Level::ERROR);
    assert_eq!(event["http.status_code"], 500);
    assert_eq!(event["error"], "panic: game 7 is lost");
    let exception = event["exception"].as_str().unwrap();
    assert!(
        exception.starts_with("panicked at crates/telemetry-http/tests/it/panics.rs:"),
        "{exception}"
    );
    assert!(
        exception.contains("it::panics::a_panicking_handler"),
        "{exception}"
    );
    // Neither the way from the hook to the panic nor that from the catch to the thread.
    assert!(!exception.contains("rust_begin_unwind"), "{exception}");
    assert!(!exception.contains("catch_unwind"), "{exception}");
    assert_eq!(event["request.id"], request_id(&response));
    assert_eq!(event["labels"], ["game"]);
    assert_eq!(event["game.id"], 7);
    assert_eq!(event["step"], "second");
    assert_eq!(logs.events().len(), 1);
    assert!(Scope::current().is_none());

    // The service goes on.
    assert_eq!(send(&app, get("/nothing")).await.status(), 404);
}

#[tokio::test]
async fn a_service_that_panics_when_it_is_called_does_too() {
    let logs = capture_logs();
    let service = service_fn(
        |_: Request<()>| -> std::future::Ready<Result<Response<Full<Bytes>>, &str>> {
            panic!("in call")
        },
    );
    let mut service = HttpTelemetryLayer::new().layer(service);
    let response = service.call(Request::new(())).await.unwrap();
    assert_eq!(response.status(), 500);
    assert_eq!(logs.single("request_failed")["error"], "panic: in call");
}

#[tokio::test]
async fn the_response_to_a_panic_can_be_the_applications() {
    struct Sorry;
    impl HttpHooks for Sorry {
        fn panic_response(&self, panic: &Panic) -> Option<Response<Bytes>> {
            assert_eq!(panic.message, "on purpose");
            let mut response = Response::new(Bytes::from_static(b"{\"error\":\"sorry\"}"));
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            Some(response)
        }
    }
    let logs = capture_logs();
    let app = Router::new()
        .route("/", on_get(|| async { panic!("on purpose") as () }))
        .layer(HttpTelemetryLayer::new().with_hooks(Sorry));
    let response = send(&app, get("/")).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.body(), "{\"error\":\"sorry\"}");
    assert!(!request_id(&response).is_empty());
    assert_eq!(logs.single("request_failed")["http.status_code"], 503);
}

#[tokio::test]
async fn a_panicking_body_breaks_the_response_and_gives_one_error_line() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/",
        on_get(|| async { Body::from_stream(Panicking::default()) }),
    ));
    let response = app.oneshot(get("/")).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "1"
    );
    #[expect(clippy::disallowed_methods, reason = "only to catch the panic")]
    let rest = tokio::spawn(async move { body.frame().await.is_some() });
    assert!(rest.await.unwrap_err().is_panic());

    let event = logs.single("request_failed");
    assert_eq!(event["http.status_code"], 200);
    assert_eq!(event["error"], "panic: in the body");
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_panic_with_a_value_that_is_no_text_is_told_too() {
    let logs = capture_logs();
    let app = with_telemetry(
        Router::new().route("/", on_get(|| async { std::panic::panic_any(7) as () })),
    );
    send(&app, get("/")).await;
    assert_eq!(
        logs.single("request_failed")["error"],
        "panic: a value that is not text"
    );
}

#[test]
#[should_panic(expected = "`ResponseFuture` polled after completion")]
fn a_future_polled_after_its_end_says_so() {
    let service = service_fn(|_: Request<()>| {
        std::future::ready(Ok::<_, &str>(Response::new(Full::<Bytes>::default())))
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let mut future = std::pin::pin!(service.call(Request::new(())));
    let mut context = Context::from_waker(std::task::Waker::noop());
    while future.as_mut().poll(&mut context).is_pending() {}
    let _ = future.as_mut().poll(&mut context);
}

/// A stream that yields `1`, then panics.
#[derive(Default)]
struct Panicking {
    polled: bool,
}

impl Stream for Panicking {
    type Item = Result<&'static str, std::io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.polled {
            panic!("in the body");
        }
        self.polled = true;
        Poll::Ready(Some(Ok("1")))
    }
}

#[tokio::test]
async fn a_panic_that_another_layer_catches_is_a_line_with_the_context_of_the_request() {
    let logs = capture_logs();
    async fn lose() {
        telemetry_core::bind("step", "second");
        panic!("caught further in");
    }
    let app = Router::new()
        .route("/api/games/{id}/", on_get(lose))
        .layer(CatchPanicLayer::new());
    let response = send(&with_telemetry(app), get("/api/games/7/")).await;
    assert_eq!(response.status(), 500);
    let event = logs.single("work_panicked");
    assert_eq!(event["error"], "panic: caught further in");
    assert_eq!(event["step"], "second");
    assert_eq!(event["game.id"], 7);
    assert_eq!(event["request.id"], request_id(&response));
    assert!(event.get("thread.name").is_some());
    // tower-http has a line of its own.
    let ours = logs.events().into_iter();
    let ours = ours.filter(|line| line.logger.starts_with("telemetry"));
    let events: Vec<_> = ours.map(|line| line.event).collect();
    assert_eq!(events, ["work_panicked", "request_failed"]);
}

#[tokio::test]
async fn a_panic_that_is_resumed_has_its_own_place_and_never_that_of_another() {
    let logs = capture_logs();
    async fn caught() {
        panic!("the first");
    }
    const PLACE_OF_RESUMED: u32 = line!() + 2;
    async fn resumed() {
        let work = telemetry_core::spawn_blocking(|| panic!("of blocking work"));
        std::panic::resume_unwind(work.await.unwrap_err().into_panic());
    }
    const PLACE_OF_OTHERS: u32 = line!() + 3;
    #[expect(clippy::disallowed_methods, reason = "others spawn, too")]
    async fn resumed_of_others() {
        let work = tokio::task::spawn_blocking(|| panic!("of others"));
        std::panic::resume_unwind(work.await.unwrap_err().into_panic());
    }
    async fn by_hand() {
        std::panic::resume_unwind(Box::new("by hand"));
    }
    let app = Router::new()
        .route("/caught", on_get(caught).layer(CatchPanicLayer::new()))
        .route("/resumed", on_get(resumed))
        .route("/others", on_get(resumed_of_others))
        .route("/by-hand", on_get(by_hand));
    let app = with_telemetry(app);
    for path in ["/caught", "/resumed", "/others", "/caught", "/by-hand"] {
        assert_eq!(send(&app, get(path)).await.status(), 500);
    }
    let place = |line: u32| format!("panicked at {}:{line}:", file!());
    let failed = logs.named("request_failed");
    for (event, line) in [
        (&failed[1], PLACE_OF_RESUMED),
        (&failed[2], PLACE_OF_OTHERS),
    ] {
        let exception = event["exception"].as_str().unwrap();
        assert!(exception.starts_with(&place(line)), "{exception}");
    }
    assert_eq!(failed[4]["error"], "panic: by hand");
    assert_eq!(failed[4].get("exception"), None);
    // Each panic that a hook saw is one line, where it happened.
    let errors = logs.named("work_panicked");
    let errors: Vec<_> = errors
        .iter()
        .map(|line| line["error"].to_string())
        .collect();
    assert_eq!(
        errors,
        [
            "panic: the first",
            "panic: of blocking work",
            "panic: of others",
            "panic: the first"
        ]
    );
}
