//! The trace id in a header of responses.

use axum::Router;
use axum::routing::get as on_get;
use http::{HeaderName, StatusCode};
use telemetry_core::testing::capture_logs;
use telemetry_http::HttpTelemetryLayer;
use telemetry_otel::testing::capture_spans;
use tower::ServiceExt as _;

use crate::{TRACE, get, traceparent};

const HEADER: &str = "x-trace-id";

fn layer() -> HttpTelemetryLayer {
    HttpTelemetryLayer::new().with_trace_response_header(HeaderName::from_static(HEADER))
}

fn router() -> Router {
    Router::new()
        .route("/ok", on_get(|| async {}))
        .route("/own", on_get(|| async { [(HEADER, "of the handler")] }))
        .route("/fail", on_get(|| async { StatusCode::BAD_GATEWAY }))
        .route("/panic", on_get(|| async { panic!("on purpose") as () }))
}

/// The values of the header in the response to a request.
async fn answered(app: Router, path: &str, flags: Option<&str>) -> Vec<String> {
    let mut request = get(path);
    if let Some(flags) = flags {
        let header = traceparent(flags).parse().unwrap();
        request.headers_mut().insert("traceparent", header);
    }
    let response = app.oneshot(request).await.unwrap();
    let values = response.headers().get_all(HEADER).iter();
    values
        .map(|value| value.to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn each_response_has_the_trace_id_of_its_lines_and_span() {
    for path in ["/ok", "/own", "/fail", "/panic", "/missing"] {
        let (spans, logs) = (capture_spans(), capture_logs());
        let values = answered(router().layer(layer()), path, None).await;
        let [span] = &spans.spans()[..] else {
            panic!("{path}")
        };
        assert_eq!(values, [&*span.trace_id], "{path}");
        let lines = logs.events();
        let line = lines.iter().find(|line| line.get("http.method").is_some());
        assert_eq!(line.unwrap()["trace_id"], *span.trace_id, "{path}");
    }
}

#[tokio::test]
async fn a_trace_that_comes_in_is_that_of_the_response_sampled_or_not() {
    for flags in ["00", "01"] {
        let _spans = capture_spans();
        let values = answered(router().layer(layer()), "/ok", Some(flags)).await;
        assert_eq!(values, [TRACE], "{flags}");
        // Without a span of the request too.
        let unrecorded = layer().without_recording_for(["/ok"]);
        let values = answered(router().layer(unrecorded), "/ok", Some(flags)).await;
        assert_eq!(values, [TRACE], "{flags}");
    }
}

#[tokio::test]
async fn without_a_trace_there_is_no_header() {
    let _spans = capture_spans();
    let layer = layer().without_recording_for(["/ok", "/own"]);
    for path in ["/ok", "/own"] {
        let values = answered(router().layer(layer.clone()), path, None).await;
        assert_eq!(values, [""; 0], "{path}");
    }
}

#[tokio::test]
async fn none_is_sent_by_default() {
    let _spans = capture_spans();
    let app = router().layer(HttpTelemetryLayer::new());
    assert_eq!(answered(app, "/ok", Some("01")).await, [""; 0]);
}
