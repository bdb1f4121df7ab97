//! Spans and metrics, where something exports them. A binary of its own: the providers that
//! capture them are global, and `it` is without them.

#![allow(
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it left out"
)]

mod bounds;
mod calls;
mod databases;
mod endings;
mod failures;
mod parents;
mod pools;
mod secrets;
mod slow;
mod transactions;

use std::future::Future;
use std::task::{Context, Poll, Waker};

const DURATION: &str = "db.client.operation.duration";

/// Polls a future once, which then waits.
fn begin(future: &mut (impl Future + Unpin)) {
    let polled = std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending));
}
