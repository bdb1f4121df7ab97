//! OTLP/HTTP with protobuf or JSON.
//!
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Response, StatusCode, request::Parts};
use prost::Message as _;

use crate::answer::AnswerBody;
use crate::connection::Connection;
use crate::decode::Payload;
use crate::messages::{ExportResponse, Status};
use crate::rejection::Rejection;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROTOBUF: HeaderValue = HeaderValue::from_static("application/x-protobuf");

/// Reads the payload of a request.
pub(crate) fn payload(head: &Parts, body: Bytes) -> Payload {
    let header = |name| {
        head.headers
            .get(name)
            .map_or(&b""[..], HeaderValue::as_bytes)
    };
    let refused = |status, message: &str| Rejection::status(status).with_message(message);
    if head.method != Method::POST {
        return Payload::unusable(body, refused(405, "the method is not POST"));
    }
    let is_json = header(CONTENT_TYPE) == b"application/json";
    if !is_json && header(CONTENT_TYPE) != PROTOBUF.as_bytes() {
        let problem = "the content type is neither application/x-protobuf nor application/json";
        return Payload::unusable(body, refused(415, problem));
    }
    match header(CONTENT_ENCODING) {
        b"" | b"identity" => Payload::new(body, false).with_json(is_json),
        b"gzip" => Payload::new(body, true).with_json(is_json),
        _ => Payload::unusable(body, refused(415, "the content encoding is not gzip")),
    }
}

/// Answers with success, in the form of the request.
pub(crate) fn success(response: &ExportResponse, is_json: bool) -> Response<AnswerBody> {
    if is_json {
        let body = response.to_json().to_string();
        let mut answer = answer(StatusCode::OK, AnswerBody::new(body));
        answer.headers_mut().insert(CONTENT_TYPE, JSON);
        return answer;
    }
    answer(StatusCode::OK, AnswerBody::new(response.encode_to_vec()))
}

pub(crate) fn rejection(rejection: &Rejection) -> Response<AnswerBody> {
    let status = StatusCode::from_u16(rejection.http).unwrap_or(StatusCode::BAD_REQUEST);
    let body = Status::new(rejection).encode_to_vec();
    let mut answer = answer(status, AnswerBody::new(body));
    if let Some(after) = rejection.retry_after {
        let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// Answers with success and this body.
pub(crate) fn with_body(body: &'static [u8]) -> Response<AnswerBody> {
    answer(StatusCode::OK, AnswerBody::new(body))
}

/// Begins a body and closes the connection.
pub(crate) fn truncated(connection: &Arc<Connection>) -> Response<AnswerBody> {
    let body = AnswerBody::new(&b"\x0a\x3e"[..]).cutting(connection);
    let mut answer = answer(StatusCode::OK, body);
    let promised = HeaderValue::from_static("64");
    answer.headers_mut().insert(CONTENT_LENGTH, promised);
    answer
}

fn answer(status: StatusCode, body: AnswerBody) -> Response<AnswerBody> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, PROTOBUF);
    answer
}
