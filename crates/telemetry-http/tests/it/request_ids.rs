//! The id of a request, accepted or made.

use axum::Router;
use axum::routing::get as on_get;
use http::{HeaderName, HeaderValue};
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, rejected_request_ids};

use crate::{get, request, request_id, send, with_telemetry};

fn app() -> Router {
    with_telemetry(Router::new().route("/", on_get(|| async { "ok" })))
}

fn is_uuid_v4(id: &str) -> bool {
    id.len() == 36 && id.as_bytes()[14] == b'4' && "89ab".contains(char::from(id.as_bytes()[19]))
}

#[tokio::test]
async fn a_valid_id_is_taken_over() {
    let logs = capture_logs();
    let longest = "x".repeat(128);
    for id in ["a", "abc-123", "A.b_c:d-9", &longest] {
        let mut request = get("/");
        request
            .headers_mut()
            .insert("x-request-id", id.parse().unwrap());
        let response = send(&app(), request).await;
        assert_eq!(request_id(&response), id);
        assert_eq!(logs.events().last().unwrap()["request.id"], id);
    }
}

#[tokio::test]
async fn any_other_id_is_replaced_and_counted_but_not_logged() {
    let too_long = "x".repeat(129);
    for id in [
        "", " ", "a b", "a/b", "a\tb", "a\"b", "<script>", "é", "a,b", &too_long,
    ] {
        let logs = capture_logs();
        let before = rejected_request_ids();
        let mut request = get("/");
        let value = HeaderValue::from_bytes(id.as_bytes()).unwrap();
        request.headers_mut().insert("x-request-id", value);
        let response = send(&app(), request).await;
        assert!(is_uuid_v4(request_id(&response)), "{id:?}");
        assert!(rejected_request_ids() > before);
        let event = logs.single("request_completed");
        assert_eq!(event["request.id"], request_id(&response));
        assert!(
            id.trim().len() < 2 || !event.line.contains(id),
            "{}",
            event.line
        );
    }
}

#[tokio::test]
async fn without_an_id_each_request_gets_a_new_one() {
    let app = app();
    let (one, two) = (send(&app, get("/")).await, send(&app, get("/")).await);
    assert!(is_uuid_v4(request_id(&one)) && is_uuid_v4(request_id(&two)));
    assert_ne!(request_id(&one), request_id(&two));
}

#[tokio::test]
async fn of_several_ids_the_first_counts() {
    let mut request = get("/");
    request
        .headers_mut()
        .append("x-request-id", "first".parse().unwrap());
    request
        .headers_mut()
        .append("x-request-id", "second".parse().unwrap());
    assert_eq!(request_id(&send(&app(), request).await), "first");
}

#[tokio::test]
async fn every_response_has_one_and_only_one() {
    let app = with_telemetry(
        Router::new()
            .route(
                "/ok",
                on_get(|| async { [("x-request-id", "the handler's own")] }),
            )
            .route(
                "/error",
                on_get(|| async { http::StatusCode::INTERNAL_SERVER_ERROR }),
            )
            .route("/panic", on_get(|| async { panic!("on purpose") as () }))
            .route(
                "/switch",
                on_get(|| async { http::StatusCode::SWITCHING_PROTOCOLS }),
            ),
    );
    let _logs = capture_logs();
    for (method, path) in [
        ("GET", "/ok"),
        ("HEAD", "/ok"),
        ("POST", "/ok"),
        ("GET", "/nothing"),
        ("GET", "/error"),
        ("GET", "/panic"),
        ("GET", "/switch"),
    ] {
        let mut request = request(method, path);
        request
            .headers_mut()
            .insert("x-request-id", "mine".parse().unwrap());
        let response = send(&app, request).await;
        let ids: Vec<_> = response.headers().get_all("x-request-id").iter().collect();
        assert_eq!(ids, ["mine"], "{method} {path}");
    }
}

#[tokio::test]
async fn the_header_can_be_another() {
    let layer = HttpTelemetryLayer::new()
        .with_request_id_header(HeaderName::from_static("x-correlation-id"));
    let app = Router::new().route("/", on_get(|| async {})).layer(layer);
    let mut request = get("/");
    request
        .headers_mut()
        .insert("x-correlation-id", "mine".parse().unwrap());
    request
        .headers_mut()
        .insert("x-request-id", "ignored".parse().unwrap());
    let response = send(&app, request).await;
    assert_eq!(response.headers()["x-correlation-id"], "mine");
    assert!(response.headers().get("x-request-id").is_none());
}
