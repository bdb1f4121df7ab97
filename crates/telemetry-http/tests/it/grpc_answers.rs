//! Responses of gRPC that no server of tonic would make: without a status, with one of their own, of
//! other media types.

use std::convert::Infallible;

use axum::Router;
use axum::body::Body;
use axum::routing::post as on_post;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use telemetry_core::testing::capture_logs;
use tonic::Code;
use tower::ServiceExt as _;

use crate::grpc::{FAILURES, line};
use crate::grpc_calls::{Client, Note, Scores, read, serve_router};
use crate::{request, send, with_telemetry};

/// A response of one data frame, these trailers, and no length.
fn answer(
    status: u16,
    content_type: &'static str,
    trailers: &[(&'static str, &'static str)],
) -> Response<Body> {
    let mut frames = vec![Ok::<_, Infallible>(Frame::data(Bytes::from_static(
        b"\0\0\0\0\0",
    )))];
    if !trailers.is_empty() {
        let mut map = HeaderMap::new();
        for (name, value) in trailers {
            map.insert(*name, value.parse().unwrap());
        }
        frames.push(Ok(Frame::trailers(map)));
    }
    let mut response = Response::new(Body::new(StreamBody::new(stream::iter(frames))));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    let content_type = content_type.parse().unwrap();
    response.headers_mut().insert("content-type", content_type);
    response
}

#[tokio::test]
async fn a_call_that_ends_without_a_status_has_the_one_that_clients_make_of_it() {
    for (status, code, name) in [
        (200, Code::Unknown, "UNKNOWN"),
        (400, Code::Internal, "INTERNAL"),
        (401, Code::Unauthenticated, "UNAUTHENTICATED"),
        (403, Code::PermissionDenied, "PERMISSION_DENIED"),
        (404, Code::Unimplemented, "UNIMPLEMENTED"),
        (429, Code::Unavailable, "UNAVAILABLE"),
        (500, Code::Unknown, "UNKNOWN"),
        (502, Code::Unavailable, "UNAVAILABLE"),
        (503, Code::Unavailable, "UNAVAILABLE"),
        (504, Code::Unavailable, "UNAVAILABLE"),
    ] {
        let logs = capture_logs();
        let route = on_post(move || async move { answer(status, "application/grpc", &[]) });
        let app = with_telemetry(Router::new().route(Scores::LIST, route));
        let mut client = Client::new(serve_router(app).await);
        let ended = match client
            .server_streaming(Scores::LIST, Note::new("ask"))
            .await
        {
            Ok(notes) => read(notes).await.1,
            Err(status) => status.code(),
        };
        assert_eq!(ended, code, "{status}");
        let has_failed = FAILURES.contains(&code);
        let event = ["request_completed", "request_failed"][usize::from(has_failed)];
        let line = line(&logs, event).await;
        assert_eq!(line["rpc.response.status_code"], name);
        assert_eq!(line["error"], "the response ended without a gRPC status");
    }
}

#[tokio::test]
async fn a_code_that_grpc_does_not_define_is_shown_as_it_is_and_fails() {
    let logs = capture_logs();
    let trailers = [("grpc-status", "42"), ("grpc-message", "of%20ours")];
    let route = on_post(move || async move { answer(200, "application/grpc+proto", &trailers) });
    let app = with_telemetry(Router::new().route(Scores::LIST, route));
    let mut client = Client::new(serve_router(app).await);
    let notes = client
        .server_streaming(Scores::LIST, Note::new("ask"))
        .await;
    assert_eq!(read(notes.unwrap()).await.1, Code::Unknown);
    let line = line(&logs, "request_failed").await;
    assert_eq!(line["rpc.response.status_code"], "42");
    assert_eq!(line["error"], "of ours");
}

#[tokio::test]
async fn a_status_is_read_of_grpc_alone() {
    for content_type in [
        "application/json",
        "application/grpc-web",
        "application/grpc-web+proto",
        "application/grpc-web-text",
    ] {
        let logs = capture_logs();
        let route = on_post(move || async move {
            answer(
                200,
                content_type,
                &[("grpc-status", "13"), ("grpc-message", "no")],
            )
        });
        let app = with_telemetry(Router::new().route("/", route));
        send(&app, request("POST", "/")).await;
        let line = line(&logs, "request_completed").await;
        assert!(line.get("rpc.response.status_code").is_none());
        assert!(line.get("error").is_none());
    }
}

#[tokio::test]
async fn a_body_that_is_dropped_before_its_trailers_is_cancelled_whatever_its_length() {
    let logs = capture_logs();
    let route = on_post(|| async {
        let mut response = answer(200, "application/grpc", &[("grpc-status", "0")]);
        let length = "5".parse().unwrap();
        response.headers_mut().insert("content-length", length);
        response
    });
    let app = with_telemetry(Router::new().route("/", route));
    let response = app.oneshot(request("POST", "/")).await.unwrap();
    let mut body = response.into_body();
    body.frame().await.unwrap().unwrap();
    drop(body);
    line(&logs, "request_cancelled").await;
}
