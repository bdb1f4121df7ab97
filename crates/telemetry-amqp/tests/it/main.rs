//! The behaviour of brokers and consumers, through the public API, where nothing exports.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it left out"
)]

mod absent;
mod consumed;
mod endings;
mod outages;
#[path = "../support/place.rs"]
mod place;
#[path = "../support/proxy.rs"]
mod proxy;
mod published;
mod retries;
mod unanswered;

use std::collections::HashMap;

use telemetry_amqp::Message;
use telemetry_core::{Scope, propagation};

use crate::place::Place;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// The scope of a request that is part of a trace.
fn request() -> Scope {
    let traceparent = format!("00-{TRACE}-b7ad6b7169203331-01");
    let headers = HashMap::from([("traceparent".to_owned(), traceparent)]);
    Scope::builder()
        .field("request.id", "abc-123")
        .field("user.id", 42)
        .field("labels", ["tournament", "draft"])
        .trace(&propagation::extract(&headers).unwrap())
        .build()
}

/// A message for the queue of a place.
fn started(place: &Place, id: u32) -> Message {
    Message::new(&place.exchange, "game.started", format!("game {id}")).with_id(id.to_string())
}
