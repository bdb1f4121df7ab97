//! The behaviour of the metrics, through the public API and an exporter in memory.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod collector;
mod figures;
mod instruments;
mod runtime;
