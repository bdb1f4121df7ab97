//! Spans and metrics of gRPC calls: tonic's server and client over HTTP/2.

use axum::Router;
use axum::routing::post as on_post;
use http::Response;
use opentelemetry::Value;
use opentelemetry::trace::Status;
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_http::{HttpTelemetryLayer, RecordedError};
use telemetry_otel::testing::{
    AttributeValue, CapturedSpan, Measurement, capture_metrics, capture_spans,
};
use tonic::Code;
use tonic::service::Routes;

use crate::grpc_calls::{Client, Note, Scores, read, serve, serve_router};
use crate::{request, send, with_telemetry};

const CODE: &str = "rpc.response.status_code";

/// How a call ended: its span and its measurement.
struct Ended {
    span: CapturedSpan,
    duration: Measurement,
}

/// Makes a call, and gives how it ended.
async fn ended(event: &str, call: impl Future<Output = ()>) -> Ended {
    let (logs, spans, metrics): (LogCapture, _, _) =
        (capture_logs(), capture_spans(), capture_metrics());
    call.await;
    logs.wait_for(event).await;
    let mut spans = spans.spans();
    assert_eq!(spans.len(), 1);
    Ended {
        span: spans.remove(0),
        duration: metrics.single("http.server.request.duration"),
    }
}

fn dimension<'a>(measurement: &'a Measurement, key: &str) -> Option<&'a Value> {
    measurement.get(key).map(AttributeValue::as_value)
}

#[tokio::test]
async fn a_call_that_fails_has_its_code_as_the_class_of_its_error() {
    let address = serve(HttpTelemetryLayer::new()).await;
    for (code, name) in [
        (Code::Unknown, "UNKNOWN"),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
        (Code::Unimplemented, "UNIMPLEMENTED"),
        (Code::Internal, "INTERNAL"),
        (Code::Unavailable, "UNAVAILABLE"),
        (Code::DataLoss, "DATA_LOSS"),
    ] {
        let Ended { span, duration } = ended("request_failed", async {
            let asked = Note::asking(code, "no such cup");
            let status = Client::new(address).unary(Scores::GET, asked).await;
            assert_eq!(status.unwrap_err().code(), code);
        })
        .await;
        assert_eq!(span.status, Status::error("no such cup"));
        assert_eq!(span["error.type"], Value::from(name));
        assert_eq!(span[CODE], Value::from(name));
        assert_eq!(span["http.response.status_code"], Value::I64(200));
        assert_eq!(dimension(&duration, CODE), Some(&Value::from(name)));
        assert_eq!(dimension(&duration, "error.type"), Some(&Value::from(name)));
    }
}

#[tokio::test]
async fn a_code_that_is_the_clients_doing_is_no_error_of_the_span() {
    let address = serve(HttpTelemetryLayer::new()).await;
    for (code, name) in [
        (Code::Ok, "OK"),
        (Code::Cancelled, "CANCELLED"),
        (Code::PermissionDenied, "PERMISSION_DENIED"),
        (Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
        (Code::Unauthenticated, "UNAUTHENTICATED"),
    ] {
        let Ended { span, duration } = ended("request_completed", async {
            let asked = match code {
                Code::Ok => Note::new("three"),
                code => Note::asking(code, "no third"),
            };
            let notes = Client::new(address)
                .server_streaming(Scores::LIST, asked)
                .await;
            assert_eq!(read(notes.unwrap()).await.1, code);
        })
        .await;
        assert_eq!(span.status, Status::Unset, "{name}");
        assert_eq!(span.get("error.type"), None);
        assert!(span.events.is_empty());
        assert_eq!(span[CODE], Value::from(name));
        assert_eq!(dimension(&duration, CODE), Some(&Value::from(name)));
        assert_eq!(dimension(&duration, "error.type"), None);
    }
}

#[tokio::test]
async fn streams_of_the_client_and_both_ways_end_their_spans_by_the_status() {
    let address = serve(HttpTelemetryLayer::new()).await;
    let notes = || vec![Note::new("a"), Note::asking(Code::DataLoss, "lost")];
    let of_client = ended("request_failed", async {
        let mut client = Client::new(address);
        let status = client.client_streaming(Scores::ADD, notes()).await;
        assert_eq!(status.unwrap_err().code(), Code::DataLoss);
    })
    .await;
    let both_ways = ended("request_failed", async {
        let answers = Client::new(address).streaming(Scores::CHAT, notes()).await;
        let (texts, code) = read(answers.unwrap()).await;
        assert_eq!((&*texts[0], code), ("a", Code::DataLoss));
    })
    .await;
    for Ended { span, duration } in [of_client, both_ways] {
        assert_eq!(span.status, Status::error("lost"));
        assert_eq!(span["error.type"], Value::from("DATA_LOSS"));
        assert_eq!(dimension(&duration, CODE), Some(&Value::from("DATA_LOSS")));
    }
}

#[tokio::test]
async fn codes_that_grpc_does_not_define_are_one_series() {
    for code in ["17", "4711"] {
        let Ended { span, duration } = ended("request_failed", async {
            let route = on_post(move || async move {
                Response::builder()
                    .header("content-type", "application/grpc")
                    .header("grpc-status", code)
                    .body(axum::body::Body::empty())
                    .unwrap()
            });
            let app = with_telemetry(Router::new().route("/", route));
            send(&app, request("POST", "/")).await;
        })
        .await;
        assert_eq!(span[CODE], Value::from(code));
        assert_eq!(span["error.type"], Value::from("_OTHER"));
        for key in [CODE, "error.type"] {
            assert_eq!(dimension(&duration, key), Some(&Value::from("_OTHER")));
        }
    }
}

#[tokio::test]
async fn a_request_that_is_no_grpc_has_no_code() {
    let Ended { span, duration } = ended("request_completed", async {
        let app = with_telemetry(Router::new().route("/", on_post(|| async {})));
        send(&app, request("POST", "/")).await;
    })
    .await;
    assert_eq!(span.get(CODE), None);
    assert_eq!(dimension(&duration, CODE), None);
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_cancels_its_span_without_a_code() {
    let address = serve(HttpTelemetryLayer::new()).await;
    let Ended { span, duration } = ended("request_cancelled", async {
        let mut client = Client::new(address);
        let notes = client
            .server_streaming(Scores::WAIT, Note::new("ask"))
            .await;
        let mut notes = notes.unwrap();
        notes.message().await.unwrap().unwrap();
    })
    .await;
    assert_eq!(span["error.type"], Value::from("cancelled"));
    assert_eq!(span.get(CODE), None);
    assert_eq!(dimension(&duration, CODE), None);
}

#[tokio::test]
async fn what_a_handler_recorded_says_more_than_the_message_of_the_status() {
    let app = Routes::new(Scores).into_axum_router();
    let app = app.layer(axum::middleware::map_response(
        |mut response: axum::response::Response| async {
            let error = std::io::Error::other("the store is gone");
            response.extensions_mut().insert(RecordedError::new(&error));
            response
        },
    ));
    let address = serve_router(with_telemetry(app)).await;
    let Ended { span, .. } = ended("request_failed", async {
        let asked = Note::asking(Code::Internal, "try again");
        Client::new(address)
            .unary(Scores::GET, asked)
            .await
            .unwrap_err();
    })
    .await;
    assert_eq!(span.name, "POST /test.Scores/{*rest}");
    assert_eq!(span.status, Status::error("the store is gone"));
    assert_eq!(span["error.type"], Value::from("INTERNAL"));
}
