//! Errors that show URLs: their secrets are neither on lines nor on spans.

use std::error::Error;
use std::fmt::{self, Display};

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get as on_get;
use http::{Request, StatusCode};
use opentelemetry::trace::Status;
use telemetry_core::testing::capture_logs;
use telemetry_core::{UnitOfWork, record_error};
use telemetry_http::{HttpTelemetryLayer, RecordedError};
use telemetry_otel::testing::capture_spans;
use tower::{Service as _, service_fn};
use tower_layer::Layer as _;

use crate::network::{plain, serve};
use crate::{get, send, with_telemetry};

/// A server whose answer is an error, and a port that refuses, each with a secret in the URL.
async fn urls() -> [String; 2] {
    let failing = on_get(|| async { StatusCode::SERVICE_UNAVAILABLE });
    let address = serve(Router::new().route("/prices/{id}", failing)).await;
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let refusing = listener.local_addr().unwrap();
    [address, refusing].map(|address| format!("http://{address}/prices/4?key=sesame"))
}

/// The error of reqwest, which shows the URL.
async fn failure(url: &str) -> reqwest::Error {
    let client = plain().build().unwrap();
    let sent = client.get(url).send().await;
    let error = sent
        .and_then(reqwest::Response::error_for_status)
        .unwrap_err();
    assert!(format!("{error} {error:?}").contains("sesame"));
    error
}

fn internal(recorded: RecordedError) -> Response {
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(recorded);
    response
}

/// An error that the one of reqwest is the cause of.
#[derive(Debug)]
struct NoPrices(reqwest::Error);

impl Display for NoPrices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no prices")
    }
}

impl Error for NoPrices {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[tokio::test]
async fn an_error_of_reqwest_is_recorded_without_the_secrets_of_its_url() {
    type Recorded = fn(reqwest::Error) -> RecordedError;
    let ways: [Recorded; 4] = [
        |error| RecordedError::new(&error),
        |error| RecordedError::new(&NoPrices(error)),
        |error| RecordedError::message(error.to_string()),
        |error| panic!("{error:?}"),
    ];
    for url in urls().await {
        for recorded in ways {
            let (spans, logs) = (capture_spans(), capture_logs());
            let url = url.clone();
            let fails = async move || internal(recorded(failure(&url).await));
            let app = with_telemetry(Router::new().route("/", on_get(fails)));
            send(&app, get("/")).await;
            let line = format!("{:?}", logs.single("request_failed"));
            let span = spans.single("GET /");
            let span = format!("{:?} {:?}", span.status, span.events);
            for text in [line, span] {
                assert!(!text.contains("sesame"), "{text}");
                assert!(text.contains("/prices/4?key=[redacted]"), "{text}");
            }
        }
    }
}

#[tokio::test]
async fn an_error_of_the_service_is_recorded_without_the_secrets_of_its_url() {
    for url in urls().await {
        let (spans, logs) = (capture_spans(), capture_logs());
        let service = service_fn(move |_: Request<()>| {
            let url = url.clone();
            async move { Err::<http::Response<String>, _>(failure(&url).await) }
        });
        let mut service = HttpTelemetryLayer::new().layer(service);
        let error = service.call(Request::new(())).await.unwrap_err();
        assert!(
            error.to_string().contains("sesame"),
            "the error is as it was"
        );
        let line = logs.single("request_failed");
        let error = line["error"].to_string();
        assert!(error.contains("/prices/4?key=[redacted]"), "{error}");
        assert_eq!(spans.single("GET").status, Status::error(error));
    }
}

#[tokio::test]
async fn an_error_that_a_line_or_a_span_is_given_has_no_secrets_of_its_url() {
    for url in urls().await {
        let (spans, logs) = (capture_spans(), capture_logs());
        let error = failure(&url).await;
        let work = async {
            record_error("prices", &error);
            tracing::error!(error = %error, "shown");
            tracing::error!(error = error.to_string(), "text");
            tracing::error!(at = 1, error = ?error, "mixed");
            tracing::error!(error = &error as &(dyn Error + 'static), "error");
            tracing::error_span!("s", error = %error).in_scope(|| tracing::error!("of_span"));
        };
        UnitOfWork::new("check").run(work).await;
        for event in ["shown", "text", "mixed", "error", "of_span"] {
            let line = logs.single(event);
            let error = line["error"].to_string();
            assert!(error.contains("/prices/4?key=[redacted]"), "{error}");
        }
        let Status::Error { description } = &spans.single("check").status else {
            panic!("not marked as failed");
        };
        assert!(description.contains("/prices/4?key=[redacted]"));
    }
}
