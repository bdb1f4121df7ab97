//! The behaviour of the layer, through the public API.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/between.rs"]
mod between;
mod bodies;
mod broken_errors;
mod cancellation;
mod clients;
mod completion;
mod concurrency;
mod context;
mod destructors;
mod grpc;
mod grpc_answers;
#[path = "../support/grpc.rs"]
mod grpc_calls;
mod hooks;
mod hostile;
mod layer_order;
mod names;
mod nested;
mod one_request;
#[cfg(feature = "client")]
mod outgoing;
mod over_tcp;
mod panics;
#[cfg(feature = "client")]
mod proxies;
mod recorded_errors;
mod request_ids;
mod response_bodies;
mod services;
#[path = "../support/requests.rs"]
mod support;

use http::Response;

use support::{get, request, send, with_telemetry};

fn request_id<B>(response: &Response<B>) -> &str {
    response.headers()["x-request-id"].to_str().unwrap()
}
