//! A request that meets several layers, and requests that share their extensions.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::{any, get as on_get};
use http::Uri;
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use crate::between::applications;
use crate::{get, request_id, send, with_telemetry};

#[tokio::test]
async fn a_request_has_one_line_and_one_id_whatever_stands_between_two_layers() {
    for (between, app) in applications() {
        let logs = capture_logs();
        let response = send(&app, get("/api/games/1/")).await;
        assert_eq!(response.body(), "a game", "{between}");
        let ids = response.headers().get_all("x-request-id").iter().count();
        assert_eq!(ids, 1, "{between}");
        let line = logs.single("request_completed");
        assert_eq!(line["request.id"], request_id(&response), "{between}");
        assert_eq!(line["http.route"], "/api/games/1/", "{between}");
        let shown = logs.named("game_shown");
        assert_eq!(shown.len(), 2, "{between}");
        for line in shown {
            // A scope that somebody put between is kept as it is.
            if between == "another scope" {
                assert_eq!(line["request.id"], "another");
            } else {
                assert_eq!(line["request.id"], request_id(&response), "{between}");
                assert_eq!(line["user.id"], 42, "{between}");
            }
        }
    }
}

#[tokio::test]
async fn a_task_without_the_context_gets_it_back_from_the_inner_layer() {
    let logs = capture_logs();
    let (_, app) = applications()
        .into_iter()
        .find(|(between, _)| *between == "a task")
        .unwrap();
    send(&app, get("/api/games/1/")).await;
    assert_eq!(logs.single("request_completed")["user.id"], 42);
}

/// Keeps the request that it answers.
async fn keep(State(kept): State<Arc<Mutex<Option<Request>>>>, request: Request) -> &'static str {
    *kept.lock().unwrap() = Some(request);
    "kept"
}

/// A service in the same process, with a layer of its own.
fn upstream() -> Router {
    with_telemetry(Router::new().route("/api/teams/{id}/", any(|| async { "upstream" })))
}

#[tokio::test]
async fn a_request_that_is_forwarded_after_its_end_is_another_one() {
    let logs = capture_logs();
    let kept = Arc::new(Mutex::new(None));
    let proxy = Router::new()
        .route("/api/games/1/", on_get(keep))
        .with_state(Arc::clone(&kept));
    let first = send(&with_telemetry(proxy), get("/api/games/1/")).await;
    let mut request = kept.lock().unwrap().take().unwrap();
    *request.uri_mut() = Uri::from_static("/api/teams/2/");

    // Its extensions twice: in a request of their own, and in the request itself.
    let mut copy = get("/api/teams/3/");
    *copy.extensions_mut() = request.extensions().clone();
    let second = send(&upstream(), request).await;
    let third = send(&upstream(), copy).await;

    let lines = logs.named("request_completed");
    let routes: Vec<_> = lines
        .iter()
        .map(|line| line["http.route"].clone())
        .collect();
    assert_eq!(routes, ["/api/games/1/", "/api/teams/2/", "/api/teams/3/"]);
    for (line, response) in lines.iter().zip([&first, &second, &third]) {
        assert_eq!(line["request.id"], request_id(response));
    }
    assert_eq!(lines[1]["team.id"], 2);
    assert_eq!(lines[2]["team.id"], 3);
    assert!(lines[1].get("game.id").is_none());
}

#[tokio::test]
async fn a_request_that_is_forwarded_before_its_end_is_the_same_one() {
    let logs = capture_logs();
    let proxy = Router::new().route(
        "/api/games/1/",
        on_get(|mut request: Request| async move {
            *request.uri_mut() = Uri::from_static("/api/teams/2/");
            upstream().oneshot(request).await
        }),
    );
    let response = send(&with_telemetry(proxy), get("/api/games/1/")).await;
    assert_eq!(response.body(), "upstream");
    let line = logs.single("request_completed");
    assert_eq!(line["http.route"], "/api/games/1/");
    assert_eq!(line["request.id"], request_id(&response));
}

#[tokio::test]
async fn a_request_that_was_cancelled_or_panicked_has_ended_too() {
    let logs = capture_logs();
    let kept = Arc::new(Mutex::new(None::<Request>));
    let keeper = {
        let kept = Arc::clone(&kept);
        move |request: Request| {
            let panics = request.uri().path() == "/api/games/1/";
            *kept.lock().unwrap() = Some(request);
            async move {
                assert!(!panics, "on purpose");
                std::future::pending::<Result<Response, Infallible>>().await
            }
        }
    };
    let service = HttpTelemetryLayer::new().layer(service_fn(keeper));

    let failed = service.clone().oneshot(get("/api/games/1/")).await.unwrap();
    assert_eq!(failed.status(), 500);
    let panicked = kept.lock().unwrap().take().unwrap();
    let waiting = service.oneshot(get("/api/games/2/"));
    assert!(futures_util::FutureExt::now_or_never(waiting).is_none());
    let cancelled = kept.lock().unwrap().take().unwrap();

    for mut request in [panicked, cancelled] {
        *request.uri_mut() = Uri::from_static("/api/teams/2/");
        send(&upstream(), request).await;
    }
    assert_eq!(logs.named("request_failed").len(), 1);
    assert_eq!(logs.named("request_cancelled").len(), 1);
    assert_eq!(logs.named("request_completed").len(), 2);
}

#[tokio::test]
async fn a_request_made_of_anothers_target_is_a_request_of_its_own() {
    let logs = capture_logs();
    let outer = Router::new().route(
        "/api/teams/{id}/",
        on_get(|uri: Uri| async move {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = uri;
            upstream().oneshot(request).await
        }),
    );
    send(&with_telemetry(outer), get("/api/teams/2/")).await;
    let lines = logs.named("request_completed");
    assert_eq!(lines.len(), 2);
    assert_ne!(lines[0]["request.id"], lines[1]["request.id"]);
}
