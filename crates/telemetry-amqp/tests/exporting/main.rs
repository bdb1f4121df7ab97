//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it left out"
)]

mod failures;
#[allow(dead_code, reason = "`it` needs more of it")]
#[path = "../support/place.rs"]
mod place;
mod processed;
#[allow(dead_code, reason = "`it` needs more of it")]
#[path = "../support/proxy.rs"]
mod proxy;
mod seam;
mod sent;

use opentelemetry::Value;
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use telemetry_amqp::Message;
use telemetry_core::Scope;

use crate::place::Place;

const SENT: &str = "messaging.client.sent.messages";
const CONSUMED: &str = "messaging.client.consumed.messages";
const OPERATION: &str = "messaging.client.operation.duration";
const PROCESS: &str = "messaging.process.duration";

/// A scope with a span of an application.
fn request() -> Scope {
    let span = opentelemetry::global::tracer("test").start("request");
    let context = opentelemetry::Context::new().with_span(span);
    Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .trace(&context)
        .build()
}

fn started(place: &Place) -> Message {
    Message::new(&place.exchange, "game.started", "game 7").with_id("7")
}

/// What all of an operation have that is done with a destination of a broker.
fn dimensions(
    operation: &'static str,
    destination: &str,
    address: &str,
) -> Vec<(&'static str, Value)> {
    let (host, port) = address.split_once(':').unwrap();
    vec![
        ("messaging.destination.name", destination.to_owned().into()),
        ("messaging.operation.name", operation.into()),
        ("messaging.system", "rabbitmq".into()),
        ("server.address", host.to_owned().into()),
        ("server.port", Value::I64(port.parse().unwrap())),
    ]
}
