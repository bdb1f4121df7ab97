//! Bodies of every kind, followed to their end and left as they are.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::sse::{Event, Sse};
use axum::routing::get as on_get;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use tower::{Service as _, ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::{get, send, with_telemetry};

type Part = Result<Bytes, std::io::Error>;

fn streaming(parts: impl Fn() -> Vec<Part> + Clone + Send + Sync + 'static) -> Router {
    with_telemetry(Router::new().route(
        "/",
        on_get(move || {
            let parts = parts();
            async { Body::from_stream(stream::iter(parts)) }
        }),
    ))
}

#[tokio::test]
async fn a_request_lasts_until_the_end_of_its_body() {
    let started = std::time::Instant::now();
    let logs = capture_logs();
    let app = streaming(|| vec![Ok("a".into()), Ok("b".into())]);
    let mut body = app.oneshot(get("/")).await.unwrap().into_body();
    while body.frame().await.is_some() {
        // Real time goes by between the parts: the line counts it.
        let part = std::time::Instant::now();
        while part.elapsed() < Duration::from_millis(5) {
            std::hint::spin_loop();
        }
    }
    let duration = logs.single("request_completed")["duration_ms"]
        .as_f64()
        .unwrap();
    assert!(duration >= 10.0, "{duration}");
    assert!(
        duration <= started.elapsed().as_secs_f64() * 1000.0,
        "{duration}"
    );
}

#[tokio::test]
async fn the_line_comes_after_the_last_part_and_the_parts_have_the_context() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/api/teams/1/",
        on_get(|| async {
            let parts = stream::unfold(0, |sent| async move {
                tokio::task::yield_now().await;
                tracing::info!("part");
                (sent < 3).then_some((Ok::<_, Infallible>("part "), sent + 1))
            });
            Body::from_stream(parts)
        }),
    ));
    let response = app.oneshot(get("/api/teams/1/")).await.unwrap();
    assert_eq!(logs.events().len(), 0, "the head alone ends nothing");
    let mut body = response.into_body();
    // Each part arrives by itself: nothing is gathered.
    for sent in 1..=3 {
        let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(part, "part ");
        assert_eq!(logs.events().len(), sent);
    }
    assert!(body.frame().await.is_none());
    let events: Vec<_> = logs.events();
    let names: Vec<_> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(names, ["part", "part", "part", "part", "request_completed"]);
    for event in &events {
        assert_eq!(event["team.id"], 1);
    }
    drop(body);
    assert_eq!(logs.events().len(), 5);
}

#[tokio::test]
async fn server_sent_events_that_end_are_completed() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/",
        on_get(|| async {
            Sse::new(stream::iter(
                ["a", "b"].map(|data| Ok::<_, Infallible>(Event::default().data(data))),
            ))
        }),
    ));
    let response = send(&app, get("/")).await;
    assert_eq!(response.body(), "data: a\n\ndata: b\n\n");
    logs.single("request_completed");
}

#[tokio::test]
async fn a_body_that_fails_is_a_failure_and_its_error_is_passed_on() {
    let logs = capture_logs();
    let app = streaming(|| vec![Ok("a".into()), Err(std::io::Error::other("disk gone"))]);
    let response = app.oneshot(get("/")).await.unwrap();
    let error = response.into_body().collect().await.unwrap_err();
    assert!(error.to_string().contains("disk gone"));
    let event = logs.single("request_failed");
    assert_eq!(event["http.status_code"], 200);
    assert_eq!(event["error"], "disk gone");
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_streamed_error_page_is_a_failure_at_its_end() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route(
        "/",
        on_get(|| async {
            let body = Body::from_stream(stream::iter([Ok::<_, Infallible>("so"), Ok("rry")]));
            (StatusCode::INTERNAL_SERVER_ERROR, body)
        }),
    ));
    assert_eq!(send(&app, get("/")).await.body(), "sorry");
    logs.single("request_failed");
}

#[tokio::test]
async fn a_body_that_is_dropped_unread_but_was_whole_is_completed() {
    let logs = capture_logs();
    let app = with_telemetry(
        Router::new()
            .route("/empty", on_get(|| async {}))
            .route("/no-content", on_get(|| async { StatusCode::NO_CONTENT }))
            .route(
                "/not-modified",
                on_get(|| async {
                    (
                        StatusCode::NOT_MODIFIED,
                        Body::from_stream(stream::pending::<Part>()),
                    )
                }),
            )
            .route(
                "/switch",
                on_get(|| async {
                    (
                        StatusCode::SWITCHING_PROTOCOLS,
                        Body::from_stream(stream::pending::<Part>()),
                    )
                }),
            ),
    );
    for path in ["/empty", "/no-content", "/not-modified", "/switch"] {
        drop(app.clone().oneshot(get(path)).await.unwrap());
    }
    let mut head = get("/empty");
    *head.method_mut() = http::Method::HEAD;
    drop(app.oneshot(head).await.unwrap());
    assert_eq!(logs.named("request_completed").len(), 5);
    assert_eq!(logs.events().len(), 5);
}

#[tokio::test]
async fn a_body_of_known_length_needs_no_question_after_its_last_byte() {
    let logs = capture_logs();
    let service = service_fn(|_: Request<()>| async {
        // A stream that does not know its end, under a header that does.
        let parts = StreamBody::new(stream::iter(
            ["ab", "cd"].map(|part| Ok::<_, Infallible>(Frame::data(Bytes::from(part)))),
        ));
        Response::builder().header("content-length", 4).body(parts)
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let mut body = service.call(Request::new(())).await.unwrap().into_body();
    body.frame().await.unwrap().unwrap();
    body.frame().await.unwrap().unwrap();
    assert_eq!(logs.events().len(), 0);
    drop(body);
    logs.single("request_completed");
}

#[tokio::test]
async fn trailers_pass_through() {
    let logs = capture_logs();
    let service = service_fn(|_: Request<()>| async {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        let frames = [
            Ok::<_, Infallible>(Frame::data(Bytes::from("a"))),
            Ok(Frame::trailers(trailers)),
        ];
        Ok::<_, Infallible>(Response::new(StreamBody::new(stream::iter(frames))))
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let body = service.call(Request::new(())).await.unwrap().into_body();
    let whole = body.collect().await.unwrap();
    assert_eq!(whole.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(whole.to_bytes(), "a");
    logs.single("request_completed");
}

#[tokio::test]
async fn the_response_is_left_as_it_is_but_for_the_id() {
    let service = service_fn(|_: Request<()>| async {
        Response::builder()
            .status(418)
            .version(http::Version::HTTP_2)
            .header("a", "1")
            .header("a", "2")
            .header("b", "3")
            .extension(7_u8)
            .body(Full::new(Bytes::from("tea")))
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let mut response = service.call(Request::new(())).await.unwrap();
    assert_eq!(response.body().size_hint().exact(), Some(3));
    assert!(!response.body().is_end_stream());
    assert!(response.headers_mut().remove("x-request-id").is_some());
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(headers, [("a", "1"), ("a", "2"), ("b", "3")]);
    assert_eq!(
        (response.status(), response.version()),
        (StatusCode::IM_A_TEAPOT, http::Version::HTTP_2)
    );
    assert_eq!(response.extensions().get(), Some(&7_u8));
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "tea"
    );
}

#[tokio::test]
async fn an_empty_body_says_that_it_is() {
    let service = service_fn(|_: Request<()>| async {
        Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new()))
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let response = service.call(Request::new(())).await.unwrap();
    assert!(response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), Some(0));
}

#[tokio::test]
async fn trailers_end_a_body_whatever_boxes_it_and_polls_no_further() {
    fn with_trailers() -> Response<Body> {
        let mut trailers = HeaderMap::new();
        trailers.insert("checksum", "abc".parse().unwrap());
        let frames = [
            Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"data"))),
            Ok(Frame::trailers(trailers)),
        ];
        Response::new(Body::new(StreamBody::new(stream::iter(frames))))
    }
    let logs = capture_logs();
    let app = with_telemetry(Router::new().route("/", on_get(|| async { with_trailers() })));
    let mut body = app.oneshot(get("/")).await.unwrap().into_body();
    loop {
        let frame = body.frame().await.unwrap().unwrap();
        if frame.is_trailers() {
            break;
        }
    }
    drop(body);
    logs.single("request_completed");
    assert_eq!(logs.events().len(), 1);
}

#[tokio::test]
async fn a_body_that_ends_before_the_length_that_was_announced_is_a_failure() {
    async fn announced(parts: Vec<&'static str>) -> Response<Body> {
        let parts = parts.into_iter().map(Ok::<_, Infallible>);
        Response::builder()
            .header("content-length", 100)
            .body(Body::from_stream(stream::iter(parts)))
            .unwrap()
    }
    let short = |parts: Vec<&'static str>| on_get(move || announced(parts.clone()));
    let half = "x".repeat(25);
    let half: &'static str = Box::leak(half.into_boxed_str());
    for (route, error) in [
        (
            short(vec![half, half]),
            "the body ended after 50 of 100 bytes",
        ),
        (short(vec![]), "the body ended after 0 of 100 bytes"),
        (
            on_get(|| async {
                let head = Response::builder().header("content-length", 100);
                head.body(Body::empty()).unwrap()
            }),
            "the body ended after 0 of 100 bytes",
        ),
        (
            on_get(|| async {
                let head = Response::builder().header("content-length", 100);
                head.body(Body::from("known")).unwrap()
            }),
            "the body ended after 5 of 100 bytes",
        ),
    ] {
        let logs = capture_logs();
        let app = with_telemetry(Router::new().route("/", route));
        let mut body = app.oneshot(get("/")).await.unwrap().into_body();
        while body.frame().await.is_some() {}
        drop(body);
        let event = logs.single("request_failed");
        assert_eq!(event["error"], error);
        assert_eq!(event["http.status_code"], 200);
        assert_eq!(logs.events().len(), 1, "{}", logs.text());
    }
}

#[tokio::test]
async fn a_response_that_has_no_body_may_announce_a_length() {
    for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
        let logs = capture_logs();
        let app = HttpTelemetryLayer::new().layer(service_fn(move |_: Request<Body>| async move {
            let head = Response::builder().status(status);
            let response = head.header("content-length", 100).body(Body::empty());
            Ok::<_, Infallible>(response.unwrap())
        }));
        let request = Request::builder().method(method).body(Body::empty());
        drop(app.oneshot(request.unwrap()).await.unwrap());
        logs.single("request_completed");
    }
}
