//! What is recorded of an outgoing request.

use axum::Router;
use axum::routing::any;
use http::{Extensions, Method};
use opentelemetry::Value;
use opentelemetry::trace::{SpanKind, Status};
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, Middleware, Next, Result};
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope};
use telemetry_http::{HttpClientTelemetry, UrlTemplate};
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::network::{client, echo, plain, serve};
use crate::{attributes, dimensions};

#[tokio::test]
async fn a_span_and_a_measurement_have_the_stable_attributes() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let address = serve(echo()).await;
    let scope = Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .build();
    let url = format!("http://user:secret@{address}/echo?page=2&token=secret#secret");
    let response = client(HttpClientTelemetry::new()).get(url).send();
    response.in_scope(scope).await.unwrap();

    let span = spans.single("GET");
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(span.status, Status::Unset);
    assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    let port = i64::from(address.port());
    let url = format!("http://{address}/echo?page=REDACTED&token=REDACTED");
    assert_eq!(
        attributes(&span),
        [
            ("http.request.method", Value::from("GET")),
            ("http.response.status_code", Value::I64(200)),
            ("network.protocol.version", Value::from("1.1")),
            ("server.address", Value::from("127.0.0.1")),
            ("server.port", Value::I64(port)),
            ("url.full", Value::from(url)),
        ]
    );
    let duration = metrics.single("http.client.request.duration");
    assert_eq!(duration.unit, "s");
    assert!((0.0..10.0).contains(&duration.value), "{duration}");
    assert_eq!(
        dimensions(&duration),
        [
            ("http.request.method", Value::from("GET")),
            ("http.response.status_code", Value::I64(200)),
            ("network.protocol.version", Value::from("1.1")),
            ("server.address", Value::from("127.0.0.1")),
            ("server.port", Value::I64(port)),
        ]
    );
}

#[tokio::test]
async fn a_template_names_the_span_and_is_not_on_the_metric() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let address = serve(Router::new().route("/users/{id}", any(|| async {}))).await;
    let request = client(HttpClientTelemetry::new()).get(format!("http://{address}/users/5"));
    let template = UrlTemplate::new("/users/{id}");
    request.with_extension(template).send().await.unwrap();
    let span = spans.single("GET /users/{id}");
    assert_eq!(span["url.template"], Value::from("/users/{id}"));
    let duration = metrics.single("http.client.request.duration");
    assert_eq!(duration.get("url.template"), None);
}

#[tokio::test]
async fn the_secrets_of_a_path_are_neither_on_the_span_nor_in_the_error() {
    let address = serve(Router::new().fallback(any(|| async {}))).await;
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = listener.local_addr().unwrap();
    drop(listener);
    for (template, path, shown) in [
        (
            UrlTemplate::new("/api/webhooks/{id}/{token}"),
            "/api/webhooks/1/sesame",
            "/api/webhooks/1/REDACTED",
        ),
        (
            UrlTemplate::new("/links/{link}/open").with_secrets(["link"]),
            "/v1/links/sesame/open",
            "/v1/links/REDACTED/open",
        ),
        // The template is wrong: where the secret is, is not known.
        (UrlTemplate::new("/{token}/x"), "/x/sesame", "/REDACTED"),
    ] {
        for address in [address, refusing] {
            let (spans, logs) = (capture_spans(), capture_logs());
            let sent = client(HttpClientTelemetry::new())
                .post(format!("http://{address}{path}"))
                .with_extension(template.clone())
                .send();
            if let Err(error) = sent.await {
                tracing::error!(
                    error = &error as &(dyn std::error::Error + 'static),
                    "failed"
                );
                let line = logs.single("failed");
                let shown = shown.replace("REDACTED", "[redacted]");
                let shown = format!("http://{address}{shown}");
                assert!(line["error"].to_string().contains(&shown), "{line:?}");
                assert!(
                    !format!("{error} {error:?}").contains("sesame"),
                    "{error:?}"
                );
            }
            let all = format!("{:?}", spans.spans());
            assert!(!all.contains("sesame"), "{all}");
            let url = format!("http://{address}{shown}");
            assert_eq!(spans.spans()[0]["url.full"], Value::from(url));
        }
    }
}

#[tokio::test]
async fn a_method_that_is_not_known_is_other() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let address = serve(echo()).await;
    let method = Method::from_bytes(b"PURGE").unwrap();
    let request =
        client(HttpClientTelemetry::new()).request(method, format!("http://{address}/echo"));
    request.send().await.unwrap();
    let span = spans.single("HTTP");
    assert_eq!(span["http.request.method"], Value::from("_OTHER"));
    assert_eq!(span["http.request.method_original"], Value::from("PURGE"));
    let duration = metrics.single("http.client.request.duration");
    assert_eq!(duration["http.request.method"], "_OTHER");
    assert_eq!(duration.get("http.request.method_original"), None);
}

/// Sends every request three times.
struct Thrice;

#[async_trait::async_trait]
impl Middleware for Thrice {
    async fn handle(
        &self,
        request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> Result<Response> {
        for _ in 0..2 {
            let again = request.try_clone().unwrap();
            next.clone().run(again, extensions).await?;
        }
        next.run(request, extensions).await
    }
}

#[tokio::test]
async fn a_request_that_is_sent_again_says_how_often() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let address = serve(echo()).await;
    let client = ClientBuilder::new(plain().build().unwrap())
        .with(Thrice)
        .with(HttpClientTelemetry::new())
        .build();
    for _ in 0..2 {
        let url = format!("http://{address}/echo");
        client.get(url).send().await.unwrap();
    }
    let spans = spans.spans();
    let counts: Vec<_> = spans
        .iter()
        .map(|span| span.get("http.request.resend_count"))
        .collect();
    let (one, two) = (1.into(), 2.into());
    assert_eq!(
        counts,
        [None, Some(&one), Some(&two), None, Some(&one), Some(&two)]
    );
    assert_eq!(metrics.values("http.client.request.duration").len(), 6);
}
