//! The keys of all attributes are those of the semantic conventions, or fields of the context.

use axum::Router;
use axum::routing::{any, get as on_get};
use opentelemetry_semantic_conventions::attribute as standard;
use telemetry_core::names;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::{capture_metrics, capture_spans};

use crate::{from_peer, get, request, send};

const ON_SPANS: &[&str] = &[
    standard::CLIENT_ADDRESS,
    standard::ERROR_TYPE,
    standard::HTTP_REQUEST_METHOD,
    standard::HTTP_REQUEST_METHOD_ORIGINAL,
    standard::HTTP_REQUEST_RESEND_COUNT,
    standard::HTTP_RESPONSE_STATUS_CODE,
    standard::HTTP_ROUTE,
    standard::NETWORK_PROTOCOL_VERSION,
    standard::SERVER_ADDRESS,
    standard::SERVER_PORT,
    standard::URL_FULL,
    standard::URL_PATH,
    standard::URL_QUERY,
    standard::URL_SCHEME,
    standard::URL_TEMPLATE,
    standard::USER_AGENT_ORIGINAL,
];

const ON_EVENTS: &[&str] = &[
    standard::EXCEPTION_MESSAGE,
    standard::EXCEPTION_STACKTRACE,
    standard::EXCEPTION_TYPE,
];

const ON_METRICS: &[&str] = &[
    standard::ERROR_TYPE,
    standard::HTTP_REQUEST_METHOD,
    standard::HTTP_RESPONSE_STATUS_CODE,
    standard::HTTP_ROUTE,
    standard::NETWORK_PROTOCOL_VERSION,
    standard::SERVER_ADDRESS,
    standard::SERVER_PORT,
    standard::URL_SCHEME,
];

const OF_THE_CONTEXT: &[&str] = &[names::LABELS, names::REQUEST_ID, names::USER_ID, "team.id"];

/// Requests of every kind, so that every attribute is there once.
async fn make_requests() {
    let handler = || async { telemetry_core::bind(names::USER_ID, 42) };
    let router = Router::new()
        .route("/api/teams/{id}/", any(handler))
        .route("/panic", on_get(|| async { panic!("on purpose") as () }));
    let layer = HttpTelemetryLayer::new()
        .with_client_ip(true)
        .with_query(true);
    let app = router.layer(layer);
    let mut first = from_peer(request("PURGE", "/api/teams/1/?page=2"));
    for (name, value) in [("host", "a.example:81"), ("user-agent", "curl/8")] {
        first.headers_mut().insert(name, value.parse().unwrap());
    }
    send(&app, first).await;
    send(&app, get("/panic")).await;
    #[cfg(feature = "client")]
    send_out(app).await;
}

#[cfg(feature = "client")]
async fn send_out(app: Router) {
    use http::{Extensions, Method};
    use telemetry_http::{HttpClientTelemetry, UrlTemplate};

    let address = crate::network::serve(app).await;
    let client = crate::network::client(HttpClientTelemetry::new());
    let method = Method::from_bytes(b"PURGE").unwrap();
    let request = client.request(method, format!("http://{address}/none?a=b"));
    let request = request.build().unwrap();
    let mut extensions = Extensions::new();
    extensions.insert(UrlTemplate::new("/none"));
    for _ in 0..2 {
        let request = request.try_clone().unwrap();
        let sent = client.execute_with_extensions(request, &mut extensions);
        assert_eq!(sent.await.unwrap().status(), 404);
    }
}

#[tokio::test]
async fn every_key_is_standard_or_a_field_of_the_context() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    make_requests().await;
    let spans = spans.spans();
    let keys = spans.iter().flat_map(|span| &span.attributes);
    let keys: Vec<_> = keys.map(|(key, _)| key.as_str()).collect();
    for key in &keys {
        assert!(
            ON_SPANS.contains(key) || OF_THE_CONTEXT.contains(key),
            "{key}"
        );
    }
    let is_of_clients = |key: &str| {
        [
            standard::HTTP_REQUEST_RESEND_COUNT,
            standard::URL_FULL,
            standard::URL_TEMPLATE,
        ]
        .contains(&key)
    };
    for key in ON_SPANS.iter().chain(OF_THE_CONTEXT) {
        let is_expected = cfg!(feature = "client") || !is_of_clients(key);
        assert_eq!(keys.contains(key), is_expected, "{key}");
    }
    for event in spans.iter().flat_map(|span| &span.events) {
        for key in event.keys() {
            assert!(ON_EVENTS.contains(&key), "{event:?}");
        }
    }
    for measurement in metrics.measurements() {
        for (key, _) in &measurement.attributes {
            assert!(ON_METRICS.contains(&key.as_str()), "{measurement}");
        }
    }
}
