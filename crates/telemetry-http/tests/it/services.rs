//! Services other than axum's.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::Router;
use axum::routing::get as on_get;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use tower::{Service, ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::{get, send};

#[tokio::test]
async fn any_http_service_will_do() {
    let logs = capture_logs();
    let service = service_fn(|request: Request<String>| async move {
        Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(request.into_body()))))
    });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let request = Request::post("/api/teams/9/")
        .body("echo".to_owned())
        .unwrap();
    let response = service.ready().await.unwrap().call(request).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "echo"
    );
    assert_eq!(logs.single("request_completed")["team.id"], 9);
}

#[derive(Debug, PartialEq)]
struct Refused;

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

#[tokio::test]
async fn an_error_of_the_service_keeps_its_type_and_is_a_failure() {
    let logs = capture_logs();
    let service = service_fn(|_: Request<()>| async { Err::<Response<Full<Bytes>>, _>(Refused) });
    let mut service = HttpTelemetryLayer::new().layer(service);
    let error: Refused = service.call(Request::new(())).await.unwrap_err();
    assert_eq!(error, Refused);
    let event = logs.single("request_failed");
    assert_eq!(event["error"], "refused");
    assert!(event.get("http.status_code").is_none());
}

#[tokio::test]
async fn readiness_is_the_inner_services() {
    #[derive(Clone)]
    struct Busy;
    impl Service<Request<()>> for Busy {
        type Response = Response<Full<Bytes>>;
        type Error = Refused;
        type Future = std::future::Ready<Result<Self::Response, Refused>>;
        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Refused>> {
            Poll::Ready(Err(Refused))
        }
        fn call(&mut self, _: Request<()>) -> Self::Future {
            unreachable!("it is never ready")
        }
    }
    let logs = capture_logs();
    let mut service = HttpTelemetryLayer::new().layer(Busy);
    assert_eq!(service.ready().await.err(), Some(Refused));
    assert_eq!(logs.events().len(), 0);
}

#[tokio::test]
async fn a_second_layer_passes_requests_through() {
    let logs = capture_logs();
    let app = Router::new()
        .route("/", on_get(|| async { "ok" }))
        .layer(HttpTelemetryLayer::new())
        .layer(HttpTelemetryLayer::new());
    let response = send(&app, get("/")).await;
    assert_eq!(response.headers().get_all("x-request-id").iter().count(), 1);
    assert_eq!(
        logs.single("request_completed")["request.id"],
        response.headers()["x-request-id"].to_str().unwrap()
    );
}

#[tokio::test]
async fn a_request_that_the_handler_makes_of_its_own_is_another_one() {
    let logs = capture_logs();
    let inner = Router::new()
        .route("/api/teams/2/", on_get(|| async { "inner" }))
        .layer(HttpTelemetryLayer::new());
    let outer = Router::new()
        .route(
            "/api/games/1/",
            on_get(|| async move { send(&inner, get("/api/teams/2/")).await.into_body() }),
        )
        .layer(HttpTelemetryLayer::new());
    assert_eq!(send(&outer, get("/api/games/1/")).await.body(), "inner");
    let completions = logs.named("request_completed");
    assert_eq!(completions.len(), 2);
    assert_eq!(completions[0]["team.id"], 2);
    assert!(completions[0].get("game.id").is_none());
    assert_eq!(completions[1]["game.id"], 1);
    assert_ne!(completions[0]["request.id"], completions[1]["request.id"]);
}

#[tokio::test]
async fn a_second_layer_in_a_nested_router_passes_requests_through() {
    let logs = capture_logs();
    let inner = Router::new()
        .route("/games/1/", on_get(|| async { "inner" }))
        .layer(HttpTelemetryLayer::new());
    let outer = Router::new()
        .nest("/api", inner)
        .layer(HttpTelemetryLayer::new());
    let response = send(&outer, get("/api/games/1/")).await;
    assert_eq!(response.body(), "inner");
    assert_eq!(
        logs.single("request_completed")["http.route"],
        "/api/games/1/"
    );
}

#[tokio::test]
async fn a_request_for_the_root_within_one_for_the_root_is_another_one() {
    let logs = capture_logs();
    let inner = Router::new()
        .route("/", on_get(|| async { "inner" }))
        .layer(HttpTelemetryLayer::new());
    let outer = Router::new()
        .route(
            "/",
            on_get(|| async move { send(&inner, get("/")).await.into_body() }),
        )
        .layer(HttpTelemetryLayer::new());
    assert_eq!(send(&outer, get("/")).await.body(), "inner");
    assert_eq!(logs.named("request_completed").len(), 2);
}
