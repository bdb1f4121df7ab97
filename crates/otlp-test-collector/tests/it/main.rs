//! The collector, tried with the exporters of OpenTelemetry and with plain sockets.

#![allow(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod behaviours;
mod block_on;
mod exporters;
mod over_http2;
mod raw;
mod requests;
mod waiting;
