//! What crosses to whom.

use axum::Router;
use axum::response::Redirect;
use axum::routing::any;
use http::HeaderName;
use reqwest_middleware::ClientBuilder;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_http::HttpClientTelemetry;
use telemetry_otel::testing::capture_spans;

use crate::network::{client, echo, header, plain, serve};
use crate::traceparent;

fn scope() -> Scope {
    Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .build()
}

/// What arrives of a request with these headers.
async fn arrived(telemetry: HttpClientTelemetry, scope: Scope, headers: &[(&str, &str)]) -> String {
    let address = serve(echo()).await;
    let mut request = client(telemetry).get(format!("http://{address}/echo"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().in_scope(scope).await.unwrap();
    response.text().await.unwrap()
}

#[tokio::test]
async fn the_request_id_goes_to_anybody_and_baggage_to_nobody() {
    let _spans = capture_spans();
    let arrived = arrived(HttpClientTelemetry::new(), scope(), &[]).await;
    assert_eq!(header(&arrived, "x-request-id"), Some("abc-123"));
    assert!(header(&arrived, "traceparent").is_some());
    assert_eq!(header(&arrived, "baggage"), None);
}

#[tokio::test]
async fn baggage_goes_to_hosts_that_are_trusted() {
    let _spans = capture_spans();
    for (hosts, is_trusted) in [
        (vec!["api.internal", "127.0.0.1"], true),
        (vec!["[::1]", "127.0.0.1."], true),
        (vec!["api.internal", "*.internal", "localhost"], false),
    ] {
        let telemetry = HttpClientTelemetry::new()
            .with_trusted_hosts(&hosts)
            .unwrap();
        let arrived = arrived(telemetry, scope(), &[]).await;
        let expected = is_trusted.then_some("request.id=abc-123,user.id=42");
        assert_eq!(header(&arrived, "baggage"), expected, "{hosts:?}");
    }
}

#[tokio::test]
async fn baggage_of_the_callers_own_stays() {
    let _spans = capture_spans();
    let own = [("baggage", "tenant=dtx")];
    let untrusted = arrived(HttpClientTelemetry::new(), scope(), &own).await;
    assert_eq!(header(&untrusted, "baggage"), Some("tenant=dtx"));
    let telemetry = HttpClientTelemetry::new()
        .with_trusted_hosts(["127.0.0.1"])
        .unwrap();
    let trusted = arrived(telemetry, scope(), &own).await;
    assert!(trusted.contains("baggage: tenant=dtx\n"), "{trusted}");
    assert!(
        trusted.contains("baggage: request.id=abc-123,user.id=42\n"),
        "{trusted}"
    );
}

#[tokio::test]
async fn a_request_id_of_the_callers_own_stays() {
    let _spans = capture_spans();
    let own = [("x-request-id", "mine")];
    let arrived = arrived(HttpClientTelemetry::new(), scope(), &own).await;
    assert_eq!(arrived.matches("x-request-id").count(), 1);
    assert_eq!(header(&arrived, "x-request-id"), Some("mine"));
}

#[tokio::test]
async fn the_request_id_has_the_header_that_is_configured() {
    let _spans = capture_spans();
    let telemetry = || {
        let name = HeaderName::from_static("x-correlation-id");
        HttpClientTelemetry::new().with_request_id_header(name)
    };
    let echoed = arrived(telemetry(), scope(), &[]).await;
    assert_eq!(header(&echoed, "x-correlation-id"), Some("abc-123"));
    assert_eq!(header(&echoed, "x-request-id"), None);
    // Nor is one made up, or sent that a peer would not take.
    let echoed = arrived(telemetry(), Scope::new(), &[]).await;
    assert_eq!(header(&echoed, "x-correlation-id"), None);
    let odd = Scope::builder().field("request.id", "a b").build();
    let echoed = arrived(telemetry(), odd, &[]).await;
    assert_eq!(header(&echoed, "x-correlation-id"), None);
}

#[tokio::test]
async fn the_trace_replaces_one_that_the_caller_set() {
    let spans = capture_spans();
    let stale = traceparent("01");
    let own = [("traceparent", &*stale), ("tracestate", "stale=1")];
    let arrived = arrived(HttpClientTelemetry::new(), scope(), &own).await;
    let span = spans.single("GET");
    let expected = format!("00-{}-{}-01", span.trace_id, span.span_id);
    assert_eq!(header(&arrived, "traceparent"), Some(&*expected));
    assert_eq!(header(&arrived, "tracestate"), None);
    assert_eq!(arrived.matches("traceparent").count(), 1);
}

#[tokio::test]
async fn the_redirect_policy_keeps_baggage_from_strangers() {
    let _spans = capture_spans();
    let stranger = serve(echo()).await;
    let to = format!("http://localhost:{}/echo", stranger.port());
    let here = Redirect::temporary("/echo");
    let away = Redirect::temporary(&to);
    let routes = echo()
        .route("/here", any(async || here))
        .route("/away", any(async || away));
    let trusted = serve(Router::new().merge(routes)).await;
    let telemetry = HttpClientTelemetry::new()
        .with_trusted_hosts(["127.0.0.1"])
        .unwrap();
    let guarded = plain()
        .redirect(telemetry.redirect_policy())
        .build()
        .unwrap();
    let client = ClientBuilder::new(guarded).with(telemetry).build();

    let url = format!("http://{trusted}/here");
    let response = client.get(url).send().in_scope(scope()).await.unwrap();
    let arrived = response.text().await.unwrap();
    assert!(header(&arrived, "baggage").is_some(), "{arrived}");

    let url = format!("http://{trusted}/away");
    let response = client.get(url).send().in_scope(scope()).await.unwrap();
    assert_eq!(response.status(), 307);

    // From a host that has no baggage to lose.
    let url = format!("http://localhost:{}/away", trusted.port());
    let response = client.get(url).send().in_scope(scope()).await.unwrap();
    let arrived = response.text().await.unwrap();
    assert_eq!(header(&arrived, "baggage"), None);
}
