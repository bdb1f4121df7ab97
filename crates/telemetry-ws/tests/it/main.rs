//! The behaviour of connections, through the public API and over TCP.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod context;
mod support;
