//! Calls of gRPC, which end by a status of their own: tonic's server and client over HTTP/2.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get as on_get;
use http::{Request, Response, Uri};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use telemetry_core::HttpNames;
use telemetry_core::testing::{CapturedEvent, LogCapture, capture_logs};
use telemetry_http::HttpTelemetryLayer;
use tonic::Code;
use tonic::service::Routes;
use tower_http::compression::CompressionLayer;
use tracing::Level;

use crate::grpc_calls::{Client, Note, Scores, read, serve, serve_router};
use crate::{get, send, with_telemetry};

/// The one line of a call.
pub(crate) async fn line(logs: &LogCapture, event: &str) -> CapturedEvent {
    let line = logs.wait_for(event).await;
    assert_eq!(logs.events().len(), 1, "{}", logs.text());
    line
}

/// The codes that are errors of the server, by the semantic conventions.
pub(crate) const FAILURES: [Code; 6] = [
    Code::Unknown,
    Code::DeadlineExceeded,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::DataLoss,
];

const CODES: [(Code, &str); 16] = [
    (Code::Cancelled, "CANCELLED"),
    (Code::Unknown, "UNKNOWN"),
    (Code::InvalidArgument, "INVALID_ARGUMENT"),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
    (Code::NotFound, "NOT_FOUND"),
    (Code::AlreadyExists, "ALREADY_EXISTS"),
    (Code::PermissionDenied, "PERMISSION_DENIED"),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED"),
    (Code::FailedPrecondition, "FAILED_PRECONDITION"),
    (Code::Aborted, "ABORTED"),
    (Code::OutOfRange, "OUT_OF_RANGE"),
    (Code::Unimplemented, "UNIMPLEMENTED"),
    (Code::Internal, "INTERNAL"),
    (Code::Unavailable, "UNAVAILABLE"),
    (Code::DataLoss, "DATA_LOSS"),
    (Code::Unauthenticated, "UNAUTHENTICATED"),
];

#[tokio::test]
async fn a_unary_call_that_fails_ends_by_its_status_in_the_headers() {
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    for (code, name) in CODES {
        let logs = capture_logs();
        let status = client
            .unary(Scores::GET, Note::asking(code, "no such cup"))
            .await;
        assert_eq!(status.unwrap_err().code(), code);
        let (event, level) = match FAILURES.contains(&code) {
            true => ("request_failed", Level::ERROR),
            false => ("request_completed", Level::INFO),
        };
        let line = line(&logs, event).await;
        assert_eq!(line.level, level, "{name}");
        assert_eq!(line["rpc.response.status_code"], name);
        assert_eq!(line["error"], "no such cup");
        assert_eq!(line["http.status_code"], 200);
        assert_eq!(line["http.route"], Scores::GET);
    }
}

#[tokio::test]
async fn a_unary_call_that_succeeds_is_completed_with_ok() {
    let logs = capture_logs();
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    let note = client.unary(Scores::GET, Note::new("ask")).await.unwrap();
    assert_eq!(note.text, "got");
    let line = line(&logs, "request_completed").await;
    assert_eq!(line["rpc.response.status_code"], "OK");
    assert!(line.get("error").is_none());
}

#[tokio::test]
async fn a_stream_that_fails_after_two_messages_ends_by_its_status_in_the_trailers() {
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    for (code, event, name) in [
        (Code::Internal, "request_failed", "INTERNAL"),
        (
            Code::PermissionDenied,
            "request_completed",
            "PERMISSION_DENIED",
        ),
    ] {
        let logs = capture_logs();
        let asked = Note::asking(code, "no third");
        let notes = client.server_streaming(Scores::LIST, asked).await.unwrap();
        let (texts, ended) = read(notes).await;
        assert_eq!(texts, ["one", "two"]);
        assert_eq!(ended, code);
        let line = line(&logs, event).await;
        assert_eq!(line["rpc.response.status_code"], name);
        assert_eq!(line["error"], "no third");
    }
    let logs = capture_logs();
    let asked = Note::new("three");
    let notes = client.server_streaming(Scores::LIST, asked).await.unwrap();
    assert_eq!(read(notes).await.0, ["one", "two", "end"]);
    let line = line(&logs, "request_completed").await;
    assert_eq!(line["rpc.response.status_code"], "OK");
}

#[tokio::test]
async fn streams_of_the_client_and_both_ways_end_by_their_status() {
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    let notes = || vec![Note::new("a"), Note::new("b")];
    let failing = || [notes(), vec![Note::asking(Code::DataLoss, "lost")]].concat();

    let logs = capture_logs();
    let added = client.client_streaming(Scores::ADD, notes()).await.unwrap();
    assert_eq!(added.text, "2");
    let completed = line(&logs, "request_completed").await;
    assert_eq!(completed["rpc.response.status_code"], "OK");

    let logs = capture_logs();
    let status = client.client_streaming(Scores::ADD, failing()).await;
    assert_eq!(status.unwrap_err().code(), Code::DataLoss);
    let failed = line(&logs, "request_failed").await;
    assert_eq!(failed["rpc.response.status_code"], "DATA_LOSS");

    let logs = capture_logs();
    let answers = client.streaming(Scores::CHAT, notes()).await.unwrap();
    assert_eq!(read(answers).await.0, ["a", "b"]);
    let completed = line(&logs, "request_completed").await;
    assert_eq!(completed["rpc.response.status_code"], "OK");

    let logs = capture_logs();
    let answers = client.streaming(Scores::CHAT, failing()).await.unwrap();
    let (texts, code) = read(answers).await;
    assert_eq!((texts.len(), code), (2, Code::DataLoss));
    let failed = line(&logs, "request_failed").await;
    assert_eq!(failed["rpc.response.status_code"], "DATA_LOSS");
    assert_eq!(failed["error"], "lost");
}

#[tokio::test]
async fn a_method_or_service_that_is_not_there_is_a_failure() {
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    for method in ["/test.Scores/Other", "/test.Other/Get"] {
        let logs = capture_logs();
        let status = client.unary(method, Note::new("ask")).await;
        assert_eq!(status.unwrap_err().code(), Code::Unimplemented);
        let line = line(&logs, "request_failed").await;
        assert_eq!(line["rpc.response.status_code"], "UNIMPLEMENTED");
    }
}

#[tokio::test]
async fn what_the_server_says_is_decoded_masked_and_cut() {
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    let long = "größer ".repeat(400);
    for (message, shown) in [
        (
            "größer als 100 %, \"zu\" groß\n",
            "größer als 100 %, \"zu\" groß\n",
        ),
        ("%zz %2", "%zz %2"),
        (
            "at redis://user:secret@cache/",
            "at redis://[redacted]@cache/",
        ),
        ("", ""),
        (&long, &long),
    ] {
        let logs = capture_logs();
        let asked = Note::asking(Code::NotFound, message);
        let status = client.unary(Scores::GET, asked).await.unwrap_err();
        assert_eq!(status.message(), message);
        let line = line(&logs, "request_completed").await;
        match line.get("error").map(|error| error.as_str().unwrap()) {
            None => assert_eq!(shown, ""),
            Some(error) if shown.len() > 2048 => {
                assert!(error.len() <= 2100, "{}", error.len());
                assert!(shown.starts_with(&error[..1500]));
            }
            Some(error) => assert_eq!(error, shown),
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_cancels_it() {
    let logs = capture_logs();
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    let notes = client
        .server_streaming(Scores::WAIT, Note::new("ask"))
        .await;
    let mut notes = notes.unwrap();
    assert_eq!(notes.message().await.unwrap().unwrap().text, "one");
    drop(notes);
    let line = line(&logs, "request_cancelled").await;
    assert!(line.get("rpc.response.status_code").is_none());
    assert!(line.get("error").is_none());
}

#[tokio::test]
async fn a_method_that_panics_is_a_panic_and_http_500() {
    let logs = capture_logs();
    let mut client = Client::new(serve(HttpTelemetryLayer::new()).await);
    let status = client.unary(Scores::PANIC, Note::new("ask")).await;
    assert_eq!(status.unwrap_err().code(), Code::Unknown);
    let line = line(&logs, "request_failed").await;
    assert_eq!(line["error"], "panic: on purpose");
    assert_eq!(line["http.status_code"], 500);
    assert!(line.get("rpc.response.status_code").is_none());
}

/// What tonic and axum serve beside each other.
fn merged() -> Router {
    let plain = Router::new().route("/healthz", on_get(|| async { "well" }));
    plain.merge(Routes::new(Scores).into_axum_router())
}

#[tokio::test]
async fn routes_of_axum_and_tonic_beside_each_other_end_each_in_its_way() {
    let app = with_telemetry(merged());
    let logs = capture_logs();
    assert_eq!(send(&app, get("/healthz")).await.body(), "well");
    let plain = line(&logs, "request_completed").await;
    assert!(plain.get("rpc.response.status_code").is_none());

    let logs = capture_logs();
    let mut client = Client::new(serve_router(app).await);
    let asked = Note::asking(Code::Unavailable, "not yet");
    let status = client.unary(Scores::GET, asked).await;
    assert_eq!(status.unwrap_err().code(), Code::Unavailable);
    let failed = line(&logs, "request_failed").await;
    assert_eq!(failed["rpc.response.status_code"], "UNAVAILABLE");
}

#[tokio::test]
async fn compression_inside_and_outside_takes_no_status_away() {
    let inside = merged()
        .layer(CompressionLayer::new())
        .layer(HttpTelemetryLayer::new());
    let outside = merged()
        .layer(HttpTelemetryLayer::new())
        .layer(CompressionLayer::new());
    for app in [inside, outside] {
        let mut client = Client::new(serve_router(app).await);
        let logs = capture_logs();
        let asked = Note::asking(Code::Internal, "in the headers");
        client.unary(Scores::GET, asked).await.unwrap_err();
        let failed = line(&logs, "request_failed").await;
        assert_eq!(failed["error"], "in the headers");

        let logs = capture_logs();
        let asked = Note::asking(Code::Internal, "in the trailers");
        let notes = client.server_streaming(Scores::LIST, asked).await.unwrap();
        assert_eq!(
            read(notes).await,
            (vec!["one".into(), "two".into()], Code::Internal)
        );
        let failed = line(&logs, "request_failed").await;
        assert_eq!(failed["error"], "in the trailers");
    }
}

type Upstream = (HttpClient<HttpConnector, Body>, std::net::SocketAddr);

async fn proxy(
    State((client, upstream)): State<Upstream>,
    mut request: Request<Body>,
) -> Response<Body> {
    let target = format!("http://{upstream}{}", request.uri().path());
    *request.uri_mut() = target.parse::<Uri>().unwrap();
    let response = client.request(request).await.unwrap();
    response.map(Body::new)
}

#[tokio::test]
async fn a_proxied_call_ends_by_the_status_of_the_server_behind() {
    let behind = serve_router(merged()).await;
    let client = HttpClient::builder(TokioExecutor::new())
        .http2_only(true)
        .build_http();
    let app = Router::new().fallback(proxy).with_state((client, behind));
    let mut client = Client::new(serve_router(with_telemetry(app)).await);

    let logs = capture_logs();
    let asked = Note::asking(Code::Internal, "behind, in the headers");
    client.unary(Scores::GET, asked).await.unwrap_err();
    let failed = line(&logs, "request_failed").await;
    assert_eq!(failed["rpc.response.status_code"], "INTERNAL");
    assert_eq!(failed["error"], "behind, in the headers");

    let logs = capture_logs();
    let asked = Note::asking(Code::PermissionDenied, "behind, in the trailers");
    let notes = client.server_streaming(Scores::LIST, asked).await.unwrap();
    assert_eq!(read(notes).await.1, Code::PermissionDenied);
    let completed = line(&logs, "request_completed").await;
    assert_eq!(completed["rpc.response.status_code"], "PERMISSION_DENIED");
    assert_eq!(completed["error"], "behind, in the trailers");
}

#[tokio::test]
async fn the_stable_names_have_the_class_and_the_message_of_a_call() {
    let layer = || HttpTelemetryLayer::new().with_names(HttpNames::Stable);
    let mut client = Client::new(serve(layer()).await);
    for (code, event, error_type) in [
        (Code::Internal, "request_failed", Some("INTERNAL")),
        (Code::NotFound, "request_completed", None),
    ] {
        let logs = capture_logs();
        let asked = Note::asking(code, "no");
        client.unary(Scores::GET, asked).await.unwrap_err();
        let line = line(&logs, event).await;
        assert_eq!(line["error.message"], "no");
        let shown = line.get("error.type").map(|shown| shown.as_str().unwrap());
        assert_eq!(shown, error_type);
    }
}
