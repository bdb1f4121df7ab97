//! What the lines of a request carry.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get as on_get;
use telemetry_core::testing::capture_logs;
use telemetry_core::{Config, Environment, LogFormat, Scope, Telemetry, bind, spawn};
use telemetry_http::{HttpTelemetryLayer, bind_user};
use telemetry_labels::{IdKind, LabelExtractor};

use crate::{get, request_id, send, with_telemetry};

async fn authenticate(mut request: Request, next: Next) -> Response {
    bind_user(request.extensions_mut(), 42);
    next.run(request).await
}

fn logging() -> Router {
    Router::new().fallback(on_get(|| async {
        tracing::info!("in_the_handler");
    }))
}

#[tokio::test]
async fn every_line_of_a_request_carries_its_context() {
    let logs = capture_logs();
    let app = with_telemetry(Router::new().fallback(on_get(|| async {
        tracing::info!("first");
        bind("bracket", "upper");
        spawn(async {
            tokio::task::yield_now().await;
            tracing::info!("spawned");
        })
        .await
        .unwrap();
        tracing::info!("last");
    })));
    let response = send(&app, get("/api/leagues/3/tournaments/5/standings/")).await;
    for event in logs.events() {
        assert_eq!(event["request.id"], request_id(&response), "{}", event.line);
        assert_eq!(event["labels"], ["league", "tournament", "standings"]);
        assert_eq!(event["league.id"], 3);
        assert_eq!(event["tournament.id"], 5);
        assert_eq!(event.get("bracket").is_some(), event.event != "first");
    }
    assert_eq!(logs.events().len(), 4);
    assert!(Scope::current().is_none());
}

#[tokio::test]
async fn a_path_without_labels_has_no_labels() {
    let logs = capture_logs();
    send(&with_telemetry(logging()), get("/about/teams/3/")).await;
    let event = logs.single("in_the_handler");
    assert_eq!(event.keys().collect::<Vec<_>>(), ["request.id"]);
}

#[tokio::test]
async fn labels_follow_rules_of_ones_own() {
    let labels = LabelExtractor::builder()
        .resource("article", ["articles"], IdKind::Slug)
        .build()
        .unwrap();
    let logs = capture_logs();
    let app = logging().layer(HttpTelemetryLayer::new().with_labels(labels));
    send(&app, get("/api/articles/on-call/")).await;
    let event = logs.single("request_completed");
    assert_eq!(event["labels"], ["article"]);
    assert_eq!(event["article.id"], "on-call");
}

#[tokio::test]
async fn a_user_authenticated_inside_the_layer_is_on_the_lines() {
    let logs = capture_logs();
    let app = with_telemetry(logging().layer(from_fn(authenticate)));
    send(&app, get("/")).await;
    assert_eq!(logs.single("in_the_handler")["user.id"], 42);
    assert_eq!(logs.single("request_completed")["user.id"], 42);
}

#[tokio::test]
async fn a_user_authenticated_outside_the_layer_is_on_the_lines() {
    let logs = capture_logs();
    let app = with_telemetry(logging()).layer(from_fn(authenticate));
    send(&app, get("/")).await;
    assert_eq!(logs.single("in_the_handler")["user.id"], 42);
    assert_eq!(logs.single("request_completed")["user.id"], 42);
}

#[tokio::test]
async fn a_users_id_keeps_its_type() {
    for (user, expected) in [
        (telemetry_http::UserId::from(-1_i64), "-1"),
        (u64::MAX.into(), "18446744073709551615"),
        ("abc".into(), "\"abc\""),
        (String::from("d e").into(), "\"d e\""),
    ] {
        let logs = capture_logs();
        let mut request = get("/");
        bind_user(request.extensions_mut(), user);
        send(&with_telemetry(logging()), request).await;
        let line = logs.single("request_completed").line;
        assert!(line.contains(&format!("\"user.id\":{expected}")), "{line}");
    }
}

#[tokio::test]
async fn an_incoming_trace_is_on_the_lines_although_nothing_exports() {
    let logs = capture_logs();
    let mut request = get("/");
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    request
        .headers_mut()
        .insert("traceparent", traceparent.parse().unwrap());
    send(&with_telemetry(logging()), request).await;
    for event in logs.events() {
        assert_eq!(event["trace_id"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(event["span_id"], "b7ad6b7169203331");
    }
    assert_eq!(logs.events().len(), 2);
}

#[tokio::test]
async fn a_malformed_or_doubled_trace_is_ignored() {
    let logs = capture_logs();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    for headers in [vec!["00-zero"], vec![traceparent, traceparent]] {
        let mut request = get("/");
        for header in headers {
            request
                .headers_mut()
                .append("traceparent", header.parse().unwrap());
        }
        send(&with_telemetry(logging()), request).await;
    }
    assert!(
        logs.events()
            .iter()
            .all(|event| event.get("trace_id").is_none())
    );
}

#[tokio::test]
async fn the_scope_of_whoever_calls_is_not_the_requests() {
    let logs = capture_logs();
    let caller = Scope::builder().field("job", "caller").build();
    let app = with_telemetry(logging());
    telemetry_core::FutureExt::in_scope(send(&app, get("/")), caller.clone()).await;
    assert!(logs.single("request_completed").get("job").is_none());
    assert_eq!(caller.fields().len(), 1);
}

/// What a failing request logs with `LOG_LEVEL=ERROR`.
#[test]
fn with_the_level_at_error_the_error_line_has_all_of_the_context() {
    #[derive(Clone, Default)]
    struct Kept(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let kept = Kept::default();
    let telemetry = Telemetry::builder()
        .with_config(
            Config::default()
                .with_format(LogFormat::Json)
                .with_environment(&Environment::from_iter([("LOG_LEVEL", "ERROR")])),
        )
        .with_output(kept.clone())
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    telemetry.run(|| {
        runtime.block_on(async {
            let app = with_telemetry(
                Router::new()
                    .fallback(on_get(|| async {
                        tracing::info!("not_shown");
                        tracing::error!("shown");
                        http::StatusCode::INTERNAL_SERVER_ERROR
                    }))
                    .layer(from_fn(authenticate)),
            );
            let mut request = get("/api/tournaments/5/draft/12/");
            request
                .headers_mut()
                .insert("x-request-id", "abc-123".parse().unwrap());
            send(&app, request).await;
        });
    });
    assert!(telemetry.flush(std::time::Duration::from_secs(10)));
    let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    let context = r#""request.id":"abc-123","labels":["tournament","draft"],"tournament.id":5,"draft.id":12,"user.id":42}"#;
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines.iter().all(|line| line.ends_with(context)), "{text}");
    assert!(lines[1].contains(r#""event":"request_failed""#), "{text}");
}
