//! What a server span says of a request.

use axum::Router;
use axum::extract::Request as AxumRequest;
use axum::middleware::{Next, from_fn};
use axum::routing::{any, get as on_get};
use http::header;
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, StringValue, Value};
use telemetry_http::{HttpTelemetryLayer, bind_user};
use telemetry_otel::testing::{AttributeValue, capture_spans};

use crate::{attributes, from_peer, get, request, send, with_telemetry};

fn tournaments() -> Router {
    Router::new().route("/api/tournaments/{id}/", any(|| async { "ok" }))
}

#[tokio::test]
async fn a_span_has_the_stable_attributes_and_the_context() {
    let spans = capture_spans();
    let app = tournaments().layer(
        HttpTelemetryLayer::new()
            .with_client_ip(true)
            .with_query(true),
    );
    let mut request = from_peer(get("/api/tournaments/5/?page=2&token=secret"));
    for (name, value) in [
        (header::HOST, "dtx.example:8080"),
        (header::USER_AGENT, "curl/8"),
        (header::HeaderName::from_static("x-request-id"), "abc-123"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    send(&app, request).await;

    let span = spans.single("GET /api/tournaments/{id}/");
    assert_eq!(span.kind, SpanKind::Server);
    assert_eq!(span.status, Status::Unset);
    assert_eq!(span.parent_span_id, None);
    assert!(span.events.is_empty() && span.links.is_empty());
    let labels = Array::String(vec![StringValue::from("tournament")]);
    assert_eq!(
        attributes(&span),
        [
            ("client.address", Value::from("192.0.2.7")),
            ("http.request.method", Value::from("GET")),
            ("http.response.status_code", Value::I64(200)),
            ("http.route", Value::from("/api/tournaments/{id}/")),
            ("labels", Value::Array(labels)),
            ("network.protocol.version", Value::from("1.1")),
            ("request.id", Value::from("abc-123")),
            ("server.address", Value::from("dtx.example")),
            ("server.port", Value::I64(8080)),
            ("tournament.id", Value::I64(5)),
            ("url.path", Value::from("/api/tournaments/5/")),
            ("url.query", Value::from("page=2&token=[redacted]")),
            ("url.scheme", Value::from("http")),
            ("user_agent.original", Value::from("curl/8")),
        ]
    );
}

#[tokio::test]
async fn the_query_and_the_clients_address_are_there_when_asked_for() {
    let spans = capture_spans();
    let app = with_telemetry(tournaments());
    send(&app, from_peer(get("/api/tournaments/5/?token=secret"))).await;
    let span = spans.single("GET /api/tournaments/{id}/");
    assert_eq!(span.get("url.query"), None);
    assert_eq!(span.get("client.address"), None);
    assert!(!format!("{span:?}").contains("secret"));
}

#[tokio::test]
async fn a_request_that_matched_no_route_is_named_by_its_method_alone() {
    let spans = capture_spans();
    let app = with_telemetry(tournaments());
    send(&app, get("/api/teams/7/")).await;
    let span = spans.single("GET");
    assert_eq!(span.get("http.route"), None);
    assert_eq!(span["url.path"], Value::from("/api/teams/7/"));
    assert_eq!(span["http.response.status_code"], Value::I64(404));
    assert_eq!(span["team.id"], Value::I64(7));
}

#[tokio::test]
async fn a_method_that_is_not_known_is_other() {
    let spans = capture_spans();
    let app = with_telemetry(tournaments());
    send(&app, request("PURGE", "/api/tournaments/5/")).await;
    send(&app, request("get", "/")).await;
    let span = spans.single("HTTP /api/tournaments/{id}/");
    assert_eq!(span["http.request.method"], Value::from("_OTHER"));
    assert_eq!(span["http.request.method_original"], Value::from("PURGE"));
    let span = spans.single("HTTP");
    assert_eq!(span["http.request.method_original"], Value::from("get"));
}

#[tokio::test]
async fn the_server_is_what_the_client_asked_for() {
    for (uri, host, address, port) in [
        ("/", Some("a.example"), Some("a.example"), None),
        ("/", Some("a.example:81"), Some("a.example"), Some(81)),
        ("/", Some("[::1]:81"), Some("::1"), Some(81)),
        ("/", Some("[::1]"), Some("::1"), None),
        (
            "http://b.example:82/",
            Some("a.example"),
            Some("b.example"),
            Some(82),
        ),
        ("/", Some("user:secret@a.example"), Some("a.example"), None),
        ("/", Some("no host"), None, None),
        ("/", None, None, None),
    ] {
        let spans = capture_spans();
        let app = with_telemetry(Router::new().route("/", on_get(|| async {})));
        let mut request = get(uri);
        if let Some(host) = host {
            let host = host.parse().unwrap();
            request.headers_mut().insert(header::HOST, host);
        }
        send(&app, request).await;
        let span = spans.single("GET /");
        let expected = address.map(AttributeValue::from);
        assert_eq!(span.get("server.address"), expected.as_ref(), "{host:?}");
        let expected = port.map(AttributeValue::from);
        assert_eq!(span.get("server.port"), expected.as_ref(), "{host:?}");
    }
}

#[tokio::test]
async fn the_scheme_is_that_of_the_target() {
    let spans = capture_spans();
    let app = with_telemetry(Router::new().route("/", on_get(|| async {})));
    send(&app, get("https://a.example/")).await;
    assert_eq!(spans.single("GET /")["url.scheme"], Value::from("https"));
}

#[tokio::test]
async fn what_is_bound_beneath_is_on_the_span() {
    let spans = capture_spans();
    let handler = || async {
        telemetry_core::bind("bracket", "upper");
        telemetry_core::bind("seeded", true);
        telemetry_core::bind("score", 0.5);
        telemetry_core::bind("largest", u64::MAX);
        telemetry_core::bind("draft_token", "secret");
    };
    let authenticate = async |mut request: AxumRequest, next: Next| {
        bind_user(request.extensions_mut(), 42);
        next.run(request).await
    };
    let app = Router::new().route("/", on_get(handler));
    send(&with_telemetry(app.layer(from_fn(authenticate))), get("/")).await;
    let span = spans.single("GET /");
    assert_eq!(span["bracket"], Value::from("upper"));
    assert_eq!(span["seeded"], Value::Bool(true));
    assert_eq!(span["score"], Value::F64(0.5));
    assert_eq!(span["largest"], Value::from(u64::MAX.to_string()));
    assert_eq!(span["user.id"], Value::I64(42));
    assert_eq!(span["draft_token"], Value::from("[redacted]"));
}

#[tokio::test]
async fn a_field_does_not_double_an_attribute() {
    let spans = capture_spans();
    let handler = || async {
        telemetry_core::bind("http.route", "mine");
        telemetry_core::bind("http.response.status_code", 1);
        telemetry_core::bind("url.path", "mine");
        telemetry_core::bind("error.type", "mine");
    };
    let app = with_telemetry(Router::new().route("/a", on_get(handler)));
    send(&app, get("/a")).await;
    let span = spans.single("GET /a");
    let all = attributes(&span);
    assert_eq!(
        all.iter()
            .filter(|(_, value)| *value == Value::from("mine"))
            .count(),
        1
    );
    // Not under a name that would say how the request failed.
    assert_eq!(span["field.error.type"], Value::from("mine"));
    assert_eq!(span["http.response.status_code"], Value::I64(200));
}

#[tokio::test]
async fn the_response_to_head_ends_the_span() {
    let spans = capture_spans();
    let app = with_telemetry(tournaments());
    let response = tower::ServiceExt::oneshot(app, request("HEAD", "/api/tournaments/5/"));
    let response = response.await.unwrap();
    assert_eq!(
        spans.single("HEAD /api/tournaments/{id}/").status,
        Status::Unset
    );
    drop(response);
    assert_eq!(spans.spans().len(), 1);
}

#[tokio::test]
async fn a_layer_within_a_layer_makes_no_second_span() {
    let spans = capture_spans();
    send(
        &with_telemetry(with_telemetry(tournaments())),
        get("/api/tournaments/5/"),
    )
    .await;
    assert_eq!(spans.tree(), "GET /api/tournaments/{id}/\n");
}
