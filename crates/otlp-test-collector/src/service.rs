//! The way of a request: reading it, keeping it, and the answer that the behaviour demands.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;

use http::Response;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use crate::answer::AnswerBody;
use crate::behaviour::Behaviour;
use crate::connection::Connection;
use crate::messages::ExportResponse;
use crate::rejection::Rejection;
use crate::request::{Protocol, Request};
use crate::signal::Signal;
use crate::store::Store;
use crate::{grpc, http as otlp_http};

/// Bytes that are no protobuf: a field's number and type that never end.
const NO_PROTOBUF: &[u8] = &[0xff; 16];

/// Answers a request, or never does.
pub(crate) async fn answer(
    request: http::Request<Incoming>,
    connection: Arc<Connection>,
    store: Arc<Store>,
) -> Result<Response<AnswerBody>, Infallible> {
    let (head, body) = request.into_parts();
    let Ok(body) = body.collect().await else {
        // The client broke off; if it still listens, it is told.
        let error = Rejection::status(400).with_message("the body broke off");
        return Ok(otlp_http::rejection(&error));
    };
    let body = body.to_bytes();
    let size = body.len();
    let protocol = Protocol::of(&head.headers);
    let payload = match protocol {
        Protocol::Grpc => grpc::payload(&head, body),
        Protocol::Http => otlp_http::payload(&head, body),
    };
    let signal = Signal::of_path(head.uri.path());
    let (mut batch, mut error) = match payload.decode(signal) {
        Ok(batch) => (Some(batch), None),
        Err(error) => (None, Some(error)),
    };

    // Taken once: the answer must fit what is kept.
    let behaviour = store.behaviour().clone();
    if let Behaviour::LimitSize(limit) = behaviour
        && payload.bytes.len() > limit
    {
        let size = payload.bytes.len();
        let message = format!("grpc: received message larger than max ({size} vs. {limit})");
        error = Some(Rejection::status(413).with_message(message));
        batch = None;
    }
    let batch = batch.filter(|_| behaviour.accepts());
    let request = Request {
        protocol,
        signal,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: head.headers,
        gzip: payload.gzip,
        size,
        payload: payload.bytes,
        peer: connection.peer,
        accepted: batch.is_some(),
        problem: error.as_ref().map(|error| error.message.clone()),
    };
    store.keep(request, batch);

    let is_json = payload.json;
    let success = |response| match protocol {
        Protocol::Grpc => grpc::success(&response),
        Protocol::Http => otlp_http::success(&response, is_json),
    };
    let rejected = |rejection: &Rejection| match protocol {
        Protocol::Grpc => grpc::rejection(rejection),
        Protocol::Http => otlp_http::rejection(rejection),
    };
    Ok(match (behaviour, error) {
        (Behaviour::Refuse | Behaviour::BlackHole, _) => pending().await,
        (Behaviour::Reject(rejection), _) => rejected(&rejection),
        (Behaviour::Garbage, _) => {
            connection.speak_garbage();
            success(ExportResponse::default())
        }
        (Behaviour::GarbageBody, _) => match protocol {
            Protocol::Grpc => grpc::with_message(NO_PROTOBUF),
            Protocol::Http => otlp_http::with_body(NO_PROTOBUF),
        },
        (Behaviour::Truncate, _) => match protocol {
            Protocol::Grpc => grpc::truncated(&connection),
            Protocol::Http => otlp_http::truncated(&connection),
        },
        (_, Some(error)) => rejected(&error),
        (Behaviour::Accept | Behaviour::LimitSize(_), None) => success(ExportResponse::default()),
        (Behaviour::Delay(time), None) => {
            store.sleep(time).await;
            success(ExportResponse::default())
        }
        (Behaviour::PartialSuccess { rejected }, None) => {
            success(ExportResponse::rejected(rejected))
        }
    })
}
