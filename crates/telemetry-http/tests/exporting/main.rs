//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[path = "../support/between.rs"]
mod between;
#[cfg(feature = "client")]
mod client_failures;
#[cfg(feature = "client")]
mod client_peers;
#[cfg(feature = "client")]
mod client_spans;
#[cfg(feature = "client")]
mod client_traces;
#[cfg(unix)]
mod connections;
mod grpc;
#[path = "../support/grpc.rs"]
mod grpc_calls;
#[cfg(feature = "client")]
mod masked_urls;
#[cfg(feature = "client")]
mod network;
mod one_request;
mod recorded_errors;
mod server_failures;
mod server_metrics;
mod server_origin;
mod server_spans;
mod server_traces;
mod standard_names;
#[path = "../support/requests.rs"]
mod support;
mod trace_response;
mod unrecorded;

use std::net::SocketAddr;

use axum::body::Body;
use http::Request;
use opentelemetry::Value;
use telemetry_otel::testing::{CapturedSpan, Measurement, sorted};

use support::{get, request, send, with_telemetry};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

/// The header of a trace that comes in, with these flags.
fn traceparent(flags: &str) -> String {
    format!("00-{TRACE}-{PARENT}-{flags}")
}

/// The address of the peer, as axum leaves it.
fn from_peer(mut request: Request<Body>) -> Request<Body> {
    let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
    request
        .extensions_mut()
        .insert(axum::extract::ConnectInfo(peer));
    request
}

/// The attributes of a span by name, each of which it has once.
fn attributes(span: &CapturedSpan) -> Vec<(&str, Value)> {
    sorted(&span.attributes)
}

/// The attributes of a measurement by name.
fn dimensions(measurement: &Measurement) -> Vec<(&str, Value)> {
    sorted(&measurement.attributes)
}
