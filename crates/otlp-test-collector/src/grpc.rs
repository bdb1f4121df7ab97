//! OTLP/gRPC: unary calls, one message each way.
//!
//! <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>

use std::fmt::Write as _;
use std::sync::Arc;

use base64ct::{Base64Unpadded, Encoding as _};
use bytes::{BufMut as _, Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, request::Parts};
use prost::Message as _;

use crate::answer::AnswerBody;
use crate::connection::Connection;
use crate::decode::Payload;
use crate::messages::{ExportResponse, Status};
use crate::rejection::Rejection;

/// A flag that says whether the message is compressed, and its length in four bytes.
const PREFIX: usize = 5;

/// Reads the message of a request.
pub(crate) fn payload(head: &Parts, body: Bytes) -> Payload {
    let refused = |status, message: &str| Rejection::status(status).with_message(message);
    let Some((prefix, message)) = body.split_first_chunk::<PREFIX>() else {
        return Payload::unusable(body, refused(400, "the request has no message"));
    };
    let [compressed, length @ ..] = *prefix;
    if u32::from_be_bytes(length) as usize != message.len() {
        return Payload::unusable(body, refused(400, "the request is not one message"));
    }
    let message = body.slice(PREFIX..);
    let encoding = head.headers.get("grpc-encoding");
    match (compressed, encoding.map(HeaderValue::as_bytes)) {
        (0, _) => Payload::new(message, false),
        (1, Some(b"gzip")) => Payload::new(message, true),
        (1, _) => {
            // 501 stands for UNIMPLEMENTED, as gRPC demands of an unknown compression.
            Payload::unusable(message, refused(501, "the compression is not gzip"))
        }
        _ => Payload::unusable(
            body,
            refused(400, "the flag of the message is neither 0 nor 1"),
        ),
    }
}

pub(crate) fn success(response: &ExportResponse) -> Response<AnswerBody> {
    with_message(&response.encode_to_vec())
}

/// Answers with an error: no message, and the trailers in place of the headers.
pub(crate) fn rejection(rejection: &Rejection) -> Response<AnswerBody> {
    let mut answer = answer(AnswerBody::empty());
    let headers = answer.headers_mut();
    headers.insert("grpc-status", rejection.grpc.into());
    let texts = [
        ("grpc-message", percent_encoded(&rejection.message)),
        (
            "grpc-status-details-bin",
            Base64Unpadded::encode_string(&Status::new(rejection).encode_to_vec()),
        ),
    ];
    for (name, text) in texts {
        let value = HeaderValue::try_from(text).expect("both encodings give visible ASCII");
        headers.insert(name, value);
    }
    answer
}

/// Answers with success and this message.
pub(crate) fn with_message(message: &[u8]) -> Response<AnswerBody> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    answer(AnswerBody::new(framed(message, message.len())).with_trailers(trailers))
}

/// Begins a message and closes the connection.
pub(crate) fn truncated(connection: &Arc<Connection>) -> Response<AnswerBody> {
    answer(AnswerBody::new(framed(b"\x0a\x3e", 64)).cutting(connection))
}

fn framed(message: &[u8], promised: usize) -> Bytes {
    let mut framed = BytesMut::with_capacity(PREFIX + message.len());
    framed.put_u8(0);
    framed.put_u32(promised.try_into().expect("an answer is short"));
    framed.put_slice(message);
    framed.freeze()
}

fn answer(body: AnswerBody) -> Response<AnswerBody> {
    let mut answer = Response::new(body);
    let content_type = HeaderValue::from_static("application/grpc");
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// Encodes a text as `grpc-message` demands.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'%' | ..b' ' | 0x7f.. => {
                // Writing to a string does not fail.
                let _infallible = write!(encoded, "%{byte:02X}");
            }
            _ => encoded.push(byte.into()),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_errors_are_visible_ascii() {
        assert_eq!(percent_encoded("50 % zu früh\n"), "50 %25 zu fr%C3%BCh%0A");
    }
}
