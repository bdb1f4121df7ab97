//! Two layers, with something between them by which the inner one could lose the request.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get as on_get;
use http::Uri;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_http::{HttpTelemetryLayer, bind_user};
use tower::ServiceExt as _;
use tower_http::normalize_path::NormalizePathLayer;
use tower_layer::Layer as _;

/// Every kind of what may stand between, by name, as an application that answers
/// `/api/games/1/` or what that is rewritten to.
pub(crate) fn applications() -> Vec<(&'static str, Router)> {
    let layer = HttpTelemetryLayer::new;
    let normalized = NormalizePathLayer::trim_trailing_slash().layer(inner());
    vec![
        ("nothing", inner().layer(layer())),
        (
            "a path that is normalized",
            Router::new().fallback_service(normalized).layer(layer()),
        ),
        (
            "a target that is rewritten",
            Router::new()
                .fallback_service(inner().map_request(rewrite))
                .layer(layer()),
        ),
        (
            "a target that becomes that of all requests",
            Router::new()
                .fallback_service(inner().map_request(|mut request: Request| {
                    *request.uri_mut() = Uri::from_static("/");
                    request
                }))
                .layer(layer()),
        ),
        ("a task", inner().layer(from_fn(in_a_task)).layer(layer())),
        (
            "a task that carries the context",
            inner().layer(from_fn(in_a_carrying_task)).layer(layer()),
        ),
        (
            "another scope",
            inner().layer(from_fn(in_another_scope)).layer(layer()),
        ),
        (
            "a task and a rewritten target",
            Router::new()
                .fallback_service(inner().layer(from_fn(in_a_task)).map_request(rewrite))
                .layer(layer()),
        ),
        (
            "a second layer between",
            inner().layer(layer()).layer(layer()),
        ),
        (
            "a nested router",
            Router::new().nest("/api", games()).layer(layer()),
        ),
    ]
}

/// The routes behind the inner layer.
fn inner() -> Router {
    Router::new()
        .route("/", on_get(show))
        .route("/api/games/1", on_get(show))
        .route("/api/games/1/", on_get(show))
        .route("/internal/teams/2/", on_get(show))
        .layer(HttpTelemetryLayer::new())
}

fn games() -> Router {
    Router::new()
        .route("/games/1/", on_get(show))
        .layer(HttpTelemetryLayer::new())
}

async fn show(mut request: Request) -> &'static str {
    bind_user(request.extensions_mut(), 42);
    tracing::info!("game_shown");
    tokio::task::yield_now().await;
    tracing::info!("game_shown");
    "a game"
}

fn rewrite(mut request: Request) -> Request {
    *request.uri_mut() = Uri::from_static("/internal/teams/2/");
    request
}

#[expect(
    clippy::disallowed_methods,
    reason = "middleware of others spawns without the context"
)]
async fn in_a_task(request: Request, next: Next) -> Response {
    tokio::spawn(next.run(request)).await.unwrap()
}

async fn in_a_carrying_task(request: Request, next: Next) -> Response {
    telemetry_core::spawn(next.run(request)).await.unwrap()
}

async fn in_another_scope(request: Request, next: Next) -> Response {
    let scope = Scope::builder().field("request.id", "another").build();
    next.run(request).in_scope(scope).await
}
