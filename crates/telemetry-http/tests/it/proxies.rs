//! Handlers that pass on the headers of their request, as a proxy does.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::Request;
use axum::routing::{any, get as on_get};
use http::{HeaderMap, HeaderName, HeaderValue};
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, rejected_request_ids};
use tokio::net::TcpListener;
use tower::ServiceExt as _;

use crate::{get, send};

const USUAL: HeaderName = HeaderName::from_static("x-request-id");
const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// A server that answers with the values of a header that arrive.
async fn upstream(name: HeaderName) -> SocketAddr {
    let answer = async move |headers: HeaderMap| {
        let values = headers.get_all(name).iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
        values.join("|")
    };
    let router = Router::new().route("/", any(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry_core::spawn(async move { axum::serve(listener, router).await });
    address
}

/// A proxy that sends the headers of its request on to `upstream`, with a plain client.
fn proxy(upstream: SocketAddr, layer: HttpTelemetryLayer) -> Router {
    // An error says that there is one already.
    let _already = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let forward = async move |request: Request| {
        tracing::info!("forwarded");
        let url = format!("http://{upstream}/");
        let headers = request.headers().clone();
        let sent = client.get(url).headers(headers).send();
        sent.await.unwrap().text().await.unwrap()
    };
    Router::new().route("/", on_get(forward)).layer(layer)
}

/// The id of the request's lines, when these ids come in, and what arrives upstream.
async fn forwarded(name: &HeaderName, layer: HttpTelemetryLayer, ids: &[&str]) -> (String, String) {
    let logs = capture_logs();
    let app = proxy(upstream(name.clone()).await, layer);
    let mut request = get("/");
    for id in ids {
        let value = HeaderValue::from_bytes(id.as_bytes()).unwrap();
        request.headers_mut().append(name, value);
    }
    let response = send(&app, request).await;
    let line = logs.single("request_completed");
    let id = line["request.id"].as_str().unwrap().to_owned();
    assert_eq!(logs.single("forwarded")["request.id"], *id);
    assert_eq!(response.headers()[name], id);
    (id, response.into_body())
}

#[tokio::test]
async fn a_proxy_forwards_the_id_that_its_lines_carry() {
    let renamed = HttpTelemetryLayer::new().with_request_id_header(CORRELATION);
    for (name, layer) in [(USUAL, HttpTelemetryLayer::new()), (CORRELATION, renamed)] {
        for (ids, taken) in [
            (&[][..], None),
            (&["abc-123"], Some("abc-123")),
            (&["not valid"], None),
            (&["<script>"], None),
            (&[""], None),
            (&["first", "second"], Some("first")),
            (&["first", "first"], Some("first")),
            (&["not valid", "second"], None),
            (&["first", "not valid", "third"], Some("first")),
        ] {
            let before = rejected_request_ids();
            let (id, arrived) = forwarded(&name, layer.clone(), ids).await;
            assert_eq!(arrived, id, "{name}: {ids:?}");
            match taken {
                Some(taken) => assert_eq!(id, taken, "{name}: {ids:?}"),
                None => assert!(!ids.contains(&&*id), "{name}: {ids:?}"),
            }
            if !ids.is_empty() && taken.is_none() {
                assert!(rejected_request_ids() > before, "{name}: {ids:?}");
            }
        }
    }
}

#[tokio::test]
async fn another_header_than_the_configured_one_is_forwarded_as_it_came() {
    let layer = HttpTelemetryLayer::new().with_request_id_header(CORRELATION);
    let app = proxy(upstream(USUAL).await, layer);
    let mut request = get("/");
    let value = HeaderValue::from_static("not valid");
    request.headers_mut().insert(USUAL, value);
    assert_eq!(send(&app, request).await.body(), "not valid");
}

#[tokio::test]
async fn a_request_has_the_id_beneath_a_second_layer_and_in_another_service() {
    let logs = capture_logs();
    let answer = async |headers: HeaderMap| headers[USUAL].to_str().unwrap().to_owned();
    let inner = Router::new().route("/", any(answer));
    let inner = inner.layer(HttpTelemetryLayer::new());
    let outer = Router::new().route(
        "/",
        on_get(async |request: Request| inner.oneshot(request).await),
    );
    let app = outer.layer(HttpTelemetryLayer::new());
    let response = send(&app, get("/")).await;
    let line = logs.single("request_completed");
    assert_eq!(line["request.id"], **response.body());
}
