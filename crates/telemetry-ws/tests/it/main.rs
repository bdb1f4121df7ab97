//! The behaviour of connections, through the public API and over TCP.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "tungstenite")]
mod clients;
mod conformance;
mod context;
mod endings;
mod limits;
mod messages;
mod refusals;
mod senders;
mod shutdown;
mod support;
