//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it left out"
)]

mod calls;
mod databases;
mod endings;
mod failures;
mod parents;
mod pools;
mod secrets;
mod transactions;

use std::future::Future;
use std::task::{Context, Poll, Waker};

use opentelemetry::Value;

const DURATION: &str = "db.client.operation.duration";

/// Attributes by name, each of which is there once.
fn sorted(attributes: &[(String, Value)]) -> Vec<(&str, Value)> {
    let attributes = attributes.iter();
    let mut attributes: Vec<_> = attributes
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    attributes.sort_by_key(|(key, _)| *key);
    let count = attributes.len();
    attributes.dedup_by_key(|(key, _)| *key);
    assert_eq!(attributes.len(), count, "a key is there twice");
    attributes
}

/// Polls a future once, which then waits.
fn begin(future: &mut (impl Future + Unpin)) {
    let polled = std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending));
}
