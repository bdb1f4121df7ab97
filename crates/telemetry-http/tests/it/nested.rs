//! The layer on routers within others, which see targets without their prefix.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get as on_get, post};
use telemetry_core::testing::capture_logs;
use telemetry_core::{HttpNames, Scope};
use telemetry_http::{HttpHooks, HttpTelemetryLayer, RequestHead};
use tower_layer::Layer as _;

use crate::{get, send};

fn games() -> Router {
    Router::new()
        .route("/games/{id}/", on_get(|| async { "game" }))
        .route("/healthz", on_get(|| async { "ok" }))
}

/// The ways to put a layer on a router that is within another.
fn applications(layer: &HttpTelemetryLayer) -> Vec<(&'static str, Router)> {
    let inner_nested = Router::new().nest("/v2", games().layer(layer.clone()));
    vec![
        (
            "nest",
            Router::new().nest("/api", games().layer(layer.clone())),
        ),
        (
            "nest_service",
            Router::new().nest_service("/api", layer.layer(games())),
        ),
        (
            "nest, route_layer",
            Router::new().nest("/api", games().route_layer(layer.clone())),
        ),
        ("nest twice", Router::new().nest("/api", inner_nested)),
        (
            "nest twice with layers on each",
            Router::new().nest(
                "/api",
                Router::new()
                    .nest("/v2", games().layer(layer.clone()))
                    .layer(layer.clone()),
            ),
        ),
        (
            "nest within nest_service",
            Router::new().nest_service(
                "/api",
                Router::new().nest("/{version}", games().layer(layer.clone())),
            ),
        ),
    ]
}

fn prefix_of(way: &str) -> &'static str {
    if way.contains("twice") || way.contains("within") {
        "/api/v2"
    } else {
        "/api"
    }
}

#[tokio::test]
async fn a_nested_layer_has_the_whole_path_its_labels_and_its_ids() {
    for (way, app) in applications(&HttpTelemetryLayer::new().with_query(true)) {
        let logs = capture_logs();
        let prefix = prefix_of(way);
        let response = send(&app, get(&format!("{prefix}/games/1/?page=2"))).await;
        assert_eq!(response.body(), "game", "{way}");
        let line = logs.single("request_completed");
        assert_eq!(
            line["http.route"],
            format!("{prefix}/games/1/").as_str(),
            "{way}"
        );
        assert_eq!(line["url.query"], "page=2", "{way}");
        assert_eq!(line["labels"], ["game"], "{way}");
        assert_eq!(line["game.id"], 1, "{way}");
    }
}

#[tokio::test]
async fn paths_without_lines_are_given_whole() {
    let layer = HttpTelemetryLayer::new().without_lines_for(["/api/healthz", "/api/v2/healthz"]);
    for (way, app) in applications(&layer) {
        let logs = capture_logs();
        let response = send(&app, get(&format!("{}/healthz", prefix_of(way)))).await;
        assert_eq!(response.body(), "ok", "{way}");
        assert_eq!(logs.events().len(), 0, "{way}");
    }
    // The part of it that the nested router sees is another path.
    let layer = HttpTelemetryLayer::new().without_lines_for(["/healthz"]);
    for (way, app) in applications(&layer) {
        let logs = capture_logs();
        send(&app, get(&format!("{}/healthz", prefix_of(way)))).await;
        logs.single("request_completed");
    }
}

#[tokio::test]
async fn the_stable_names_have_the_whole_path_and_the_whole_template() {
    let layer = HttpTelemetryLayer::new().with_names(HttpNames::Stable);
    for (way, app) in applications(&layer) {
        let logs = capture_logs();
        let prefix = prefix_of(way);
        send(&app, get(&format!("{prefix}/games/1/"))).await;
        let line = logs.single("request_completed");
        let path = format!("{prefix}/games/1/");
        assert_eq!(line["url.path"], path.as_str(), "{way}");
        let template = match way {
            // Around a router that is a service, no route is matched yet.
            "nest_service" => {
                assert!(line.get("http.route").is_none());
                continue;
            }
            "nest within nest_service" => "/api/{version}/games/{id}/".to_owned(),
            _ => format!("{prefix}/games/{{id}}/"),
        };
        assert_eq!(line["http.route"], template.as_str(), "{way}");
    }
}

#[tokio::test]
async fn a_hook_sees_the_whole_target() {
    #[derive(Clone, Default)]
    struct Targets(Arc<Mutex<Vec<String>>>);
    impl HttpHooks for Targets {
        fn on_request(&self, request: &RequestHead<'_>, _: &Scope) {
            self.0.lock().unwrap().push(request.uri.to_string());
        }
    }
    let targets = Targets::default();
    let layer = HttpTelemetryLayer::new().with_hooks(targets.clone());
    for (way, app) in applications(&layer) {
        let target = format!("{}/games/1/?page=2", prefix_of(way));
        send(&app, get(&target)).await;
        assert_eq!(
            std::mem::take(&mut *targets.0.lock().unwrap()),
            [target],
            "{way}"
        );
    }
}

#[tokio::test]
async fn a_path_that_a_nested_router_does_not_know_is_whole_too() {
    let logs = capture_logs();
    let app = Router::new().nest(
        "/api",
        Router::new()
            .route("/games/", post(|| async { "made" }))
            .fallback(|| async { "fallback" })
            .layer(HttpTelemetryLayer::new()),
    );
    for path in ["/api/games/7/", "/api/games/"] {
        send(&app, get(path)).await;
    }
    let lines = logs.named("request_completed");
    assert_eq!(lines[0]["http.route"], "/api/games/7/");
    assert_eq!(lines[0]["game.id"], 7);
    assert_eq!(lines[1]["http.route"], "/api/games/");
    assert_eq!(lines[1]["http.status_code"], 405);
}
