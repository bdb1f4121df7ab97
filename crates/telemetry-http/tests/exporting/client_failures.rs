//! Outgoing requests that end badly.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::routing::get as on_get;
use http::{Extensions, StatusCode};
use opentelemetry::Value;
use opentelemetry::trace::Status;
use reqwest::{Request, Response};
use reqwest_middleware::{ClientBuilder, Error, Middleware, Next, Result};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpClientTelemetry;
use telemetry_otel::testing::{MetricCapture, SpanCapture, capture_metrics, capture_spans};

use crate::network::{client, plain, serve};

const DURATION: &str = "http.client.request.duration";

/// The `error.type` of the one span and the one measurement, and the status' description.
fn failure(spans: &SpanCapture, metrics: &MetricCapture) -> (String, String) {
    let span = spans.single("GET");
    assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    let Status::Error { description } = &span.status else {
        panic!("{span:?}");
    };
    let duration = metrics.single(DURATION);
    assert_eq!(duration.get("error.type"), span.get("error.type"));
    let status = "http.response.status_code";
    assert_eq!(duration.get(status), span.get(status));
    (span["error.type"].to_string(), description.to_string())
}

async fn wait(router: Router) -> SocketAddr {
    let waiting = async || {
        tracing::info!("waiting");
        pending::<()>().await;
    };
    serve(router.route("/wait", on_get(waiting))).await
}

#[tokio::test]
async fn a_status_is_an_error_from_400_on() {
    for (status, is_error) in [(200, false), (304, false), (404, true), (500, true)] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let code = StatusCode::from_u16(status).unwrap();
        let address = serve(Router::new().route("/", on_get(async move || code))).await;
        let response = client(HttpClientTelemetry::new())
            .get(format!("http://{address}/"))
            .send();
        assert_eq!(response.await.unwrap().status(), status);
        let span = spans.single("GET");
        assert_eq!(span["http.response.status_code"], Value::I64(status.into()));
        if is_error {
            assert_eq!(
                failure(&spans, &metrics),
                (status.to_string(), String::new())
            );
        } else {
            assert_eq!(span.status, Status::Unset);
            assert_eq!(metrics.single(DURATION).get("error.type"), None);
        }
    }
}

#[tokio::test]
async fn a_refused_connection_is_a_connect_error() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let url = format!("http://{address}/?token=secret");
    client(HttpClientTelemetry::new())
        .get(url)
        .send()
        .await
        .unwrap_err();
    let (kind, description) = failure(&spans, &metrics);
    assert_eq!(kind, "connect");
    assert!(
        description.starts_with("Connection refused"),
        "{description}"
    );
    assert_eq!(spans.single("GET").get("http.response.status_code"), None);
}

#[tokio::test]
async fn a_response_that_takes_too_long_is_a_timeout() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let address = wait(Router::new()).await;
    let request =
        client(HttpClientTelemetry::new()).get(format!("http://{address}/wait?token=secret"));
    request
        .timeout(Duration::from_millis(20))
        .send()
        .await
        .unwrap_err();
    assert_eq!(failure(&spans, &metrics).0, "timeout");
}

#[tokio::test]
async fn a_connection_that_is_cut_is_a_request_error() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry_core::spawn(async move { drop(listener.accept().await) });
    let url = format!("http://{address}/");
    client(HttpClientTelemetry::new())
        .get(url)
        .send()
        .await
        .unwrap_err();
    assert_eq!(failure(&spans, &metrics).0, "request");
}

#[tokio::test]
async fn a_redirect_that_does_not_end_is_a_redirect_error() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let again = async || axum::response::Redirect::temporary("/");
    let address = serve(Router::new().route("/", on_get(again))).await;
    let url = format!("http://{address}/");
    client(HttpClientTelemetry::new())
        .get(url)
        .send()
        .await
        .unwrap_err();
    assert_eq!(failure(&spans, &metrics).0, "redirect");
}

/// Asserts that the one call ended without an answer and without a failure.
fn assert_no_failure(spans: &SpanCapture, metrics: &MetricCapture) {
    let span = spans.single("GET");
    assert_eq!(span.status, Status::Unset);
    assert!(span.events.is_empty(), "{span:?}");
    let duration = metrics.single(DURATION);
    for key in ["error.type", "http.response.status_code"] {
        assert_eq!((span.get(key), duration.get(key)), (None, None), "{key}");
    }
}

#[tokio::test]
async fn a_caller_that_drops_its_own_request_makes_no_error_of_it() {
    let (spans, metrics, logs) = (capture_spans(), capture_metrics(), capture_logs());
    let address = wait(Router::new()).await;
    let sent = client(HttpClientTelemetry::new())
        .get(format!("http://{address}/wait"))
        .send();
    tokio::select! {
        biased;
        _ = sent => panic!("answered"),
        _ = logs.wait_for("waiting") => {}
    }
    assert_no_failure(&spans, &metrics);
}

#[tokio::test]
async fn nor_does_one_that_gives_up_after_a_time_or_whose_task_is_aborted() {
    for is_aborted in [false, true] {
        let (spans, metrics, logs) = (capture_spans(), capture_metrics(), capture_logs());
        let address = wait(Router::new()).await;
        let sent = client(HttpClientTelemetry::new())
            .get(format!("http://{address}/wait"))
            .send();
        if is_aborted {
            let task = telemetry_core::spawn(sent);
            logs.wait_for("waiting").await;
            task.abort();
            assert!(task.await.unwrap_err().is_cancelled());
        } else {
            let given_up = tokio::time::timeout(Duration::from_millis(20), sent).await;
            assert!(given_up.is_err());
        }
        assert_no_failure(&spans, &metrics);
    }
}

/// Fails, or panics, in place of sending.
struct Broken {
    panics: bool,
}

#[async_trait::async_trait]
impl Middleware for Broken {
    async fn handle(&self, _: Request, _: &mut Extensions, _: Next<'_>) -> Result<Response> {
        assert!(!self.panics, "on purpose");
        Err(Error::middleware(std::io::Error::other("secret")))
    }
}

#[tokio::test]
async fn middleware_beneath_may_fail_or_panic() {
    for (panics, kind, error) in [
        (false, "middleware", ""),
        (true, "panic", "panic: dropped while the thread panicked"),
    ] {
        let (spans, metrics) = (capture_spans(), capture_metrics());
        let client = ClientBuilder::new(plain().build().unwrap())
            .with(HttpClientTelemetry::new())
            .with(Broken { panics })
            .build();
        let sent = telemetry_core::spawn(client.get("http://a.example/").send()).await;
        assert!(sent.is_err() || sent.unwrap().is_err());
        assert_eq!(
            failure(&spans, &metrics),
            (kind.to_owned(), error.to_owned())
        );
    }
}
