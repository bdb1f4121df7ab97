//! The behaviour of the metrics, through the public API and an exporter in memory.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says why it was skipped"
)]

#[cfg(target_os = "linux")]
mod cgroups;
mod collector;
mod figures;
mod instruments;
mod runtime;
