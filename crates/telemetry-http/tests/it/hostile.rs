//! Whatever a client sends, a line is one JSON object.

use axum::Router;
use axum::routing::get as on_get;
use http::{HeaderValue, Uri};
use proptest::prelude::*;
use serde_json::Value;
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;

use crate::{get, send};

fn app() -> Router {
    Router::new()
        .fallback(on_get(|request: axum::extract::Request| async move {
            // As careless handlers do.
            for (name, value) in request.headers() {
                tracing::info!(value = ?value, lossy = %String::from_utf8_lossy(value.as_bytes()), "header {name}");
                telemetry_core::bind(name.as_str(), String::from_utf8_lossy(value.as_bytes()));
            }
            tracing::info!("{}", request.uri());
        }))
        .layer(HttpTelemetryLayer::new().with_query(true))
}

fn hostile_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::sample::select(vec![
            b"\x1b[31m".to_vec(),
            b"\"},{\"event\":\"forged\"".to_vec(),
            b"\xff\xfe".to_vec(),
            b"\\".to_vec(),
            b"a\tb".to_vec(),
            "é中🦀\u{9b}".as_bytes().to_vec(),
        ]),
        prop::collection::vec(any::<u8>(), 0..64),
    ]
}

proptest! {
    #[test]
    fn any_header_and_path_give_whole_lines(
        id in hostile_bytes(), header in hostile_bytes(), path in "/[!-~é]{0,40}", traceparent in hostile_bytes(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let logs = capture_logs();
        let mut request = get("/");
        if let Ok(uri) = path.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
        for (name, value) in [("x-request-id", id), ("x-anything", header), ("traceparent", traceparent)] {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                request.headers_mut().insert(name, value);
            }
        }
        let path = request.uri().path().to_owned();
        let response = runtime.block_on(send(&app(), request));
        prop_assert_eq!(response.status(), 200);
        for event in logs.events() {
            let line: Value = serde_json::from_str(&event.line).unwrap();
            prop_assert!(line.is_object());
            prop_assert!(!event.line.contains(char::is_control), "{}", event.line);
        }
        let line: Value = serde_json::from_str(&logs.single("request_completed").line).unwrap();
        prop_assert_eq!(&line["http.route"], &path);
    }
}

#[tokio::test]
async fn sixty_four_kilobytes_of_path_query_and_header_are_one_line_each() {
    let logs = capture_logs();
    let long = "x".repeat(60 * 1024);
    let mut request = get(&format!("/{long}"));
    request
        .headers_mut()
        .insert("x-request-id", long.parse().unwrap());
    request.headers_mut().insert(
        "x-long",
        "\"\x7f"
            .replace('\x7f', "\\")
            .repeat(32 * 1024)
            .parse()
            .unwrap(),
    );
    send(&app(), request).await;
    for event in logs.events() {
        serde_json::from_str::<Value>(&event.line).unwrap();
    }
    let event = logs.single("request_completed");
    // What the layer takes from the client, and what the handler did, each within its limit.
    assert_eq!(event["http.route"].as_str().unwrap().len(), 2048);
    assert_eq!(event["request.id"].as_str().unwrap().len(), 36);
    let header = event["x-long"].as_str().unwrap();
    assert!(
        header.starts_with("\"\\\"") && header.ends_with('…'),
        "{header}"
    );
    assert!(event.line.len() < 16_000);
}

#[tokio::test]
async fn a_target_of_sixty_thousand_characters_is_cut_on_the_line() {
    let logs = capture_logs();
    let target = format!("/api/tournaments/{0}?q={0}", "x".repeat(30_000));
    let app = Router::new().layer(
        HttpTelemetryLayer::new()
            .with_query(true)
            .with_names(telemetry_core::HttpNames::Both),
    );
    send(&app, get(&target)).await;
    let event = logs.single("request_completed");
    assert!(event.line.len() < 6_000, "{}", event.line.len());
    for key in ["url.path", "url.query"] {
        let value = event[key].as_str().unwrap();
        assert_eq!(value.len(), 2048, "{key}");
        assert!(value.ends_with("xxx…"), "{key}");
    }
}

#[tokio::test]
async fn an_error_with_what_a_client_made_long_is_cut() {
    let logs = capture_logs();
    let fail = |request: axum::extract::Request| async move {
        let error = std::io::Error::other(format!("nothing at {}", request.uri()));
        let mut response = axum::response::Response::new(axum::body::Body::empty());
        *response.status_mut() = http::StatusCode::INTERNAL_SERVER_ERROR;
        let error = telemetry_http::RecordedError::new(&error);
        response.extensions_mut().insert(error);
        response
    };
    let app = Router::new()
        .fallback(on_get(fail))
        .layer(HttpTelemetryLayer::new());
    send(&app, get(&format!("/api/shops/{}/", "x".repeat(50_000)))).await;
    let event = logs.single("request_failed");
    for key in ["http.route", "error"] {
        assert_eq!(event[key].as_str().unwrap().len(), 2048, "{key}");
    }
}
