//! Many requests at once.

use axum::Router;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get as on_get;
use telemetry_core::testing::capture_logs;
use telemetry_core::{Scope, bind, spawn, spawn_blocking};
use telemetry_http::bind_user;
use tokio::task::yield_now;

use crate::{get, send, with_telemetry};

/// The user is told by a header here, as a session would tell it.
async fn authenticate(mut request: Request, next: Next) -> Response {
    let user: i64 = request.headers()["x-user"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    yield_now().await;
    bind_user(request.extensions_mut(), user);
    next.run(request).await
}

async fn busy(Path(id): Path<i64>) -> String {
    for step in 0..5 {
        tracing::info!(id, step, "step");
        yield_now().await;
        bind("step_bound", step);
        let task = spawn(async move {
            tracing::info!(id, "in_task");
            yield_now().await;
            bind("task_bound", id);
            tracing::info!(id, "in_task");
        });
        let blocking = spawn_blocking(move || tracing::info!(id, "in_blocking"));
        let joined = async {
            yield_now().await;
            tracing::info!(id, "in_join");
        };
        let (task, blocking, ()) = tokio::join!(task, blocking, joined);
        task.unwrap();
        blocking.unwrap();
    }
    id.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_requests_at_once_keep_their_contexts_apart() {
    let logs = capture_logs();
    let app = with_telemetry(
        Router::new()
            .route("/api/games/{id}/", on_get(busy))
            .route("/api/teams/{id}/", on_get(busy))
            .layer(from_fn(authenticate)),
    );
    let requests: Vec<_> = (0..64)
        .map(|number| {
            let app = app.clone();
            spawn(async move {
                let resource = if number % 2 == 0 { "games" } else { "teams" };
                let mut request = get(&format!("/api/{resource}/{number}/"));
                let headers = request.headers_mut();
                headers.insert("x-request-id", format!("request-{number}").parse().unwrap());
                headers.insert("x-user", (1000 + number).to_string().parse().unwrap());
                let response = send(&app, request).await;
                assert_eq!(response.body(), &number.to_string());
                // The caller's own scope has got nothing of it.
                assert_eq!(telemetry_core::context(), []);
            })
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }

    let events = logs.events();
    assert_eq!(events.len(), 64 * (5 * 5 + 1));
    for event in &events {
        let number = match event.get("id") {
            Some(id) => id.as_i64().unwrap(),
            None => {
                assert_eq!(event.event, "request_completed");
                event["user.id"].as_i64().unwrap() - 1000
            }
        };
        assert_eq!(
            event["request.id"],
            format!("request-{number}").as_str(),
            "{}",
            event.line
        );
        assert_eq!(event["user.id"], 1000 + number, "{}", event.line);
        let (label, other) = if number % 2 == 0 {
            ("game", "team.id")
        } else {
            ("team", "game.id")
        };
        assert_eq!(event["labels"], [label], "{}", event.line);
        assert_eq!(event[&*format!("{label}.id")], number, "{}", event.line);
        assert!(event.get(other).is_none(), "{}", event.line);
        // What a task binds stays in the task.
        assert!(event.get("task_bound").is_none_or(|bound| *bound == number));
        if event.event != "in_task" {
            assert!(event.get("task_bound").is_none(), "{}", event.line);
        }
    }
    for completion in logs.named("request_completed") {
        assert_eq!(completion["step_bound"], 4);
    }

    // Nothing is left on any thread.
    assert!(Scope::current().is_none());
    for _ in 0..32 {
        #[expect(
            clippy::disallowed_methods,
            reason = "the bare one shows what a worker has"
        )]
        let left = tokio::spawn(async { Scope::current().is_some() });
        assert!(!left.await.unwrap());
    }
}
