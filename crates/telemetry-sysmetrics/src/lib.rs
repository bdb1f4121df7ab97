//! Metrics of the host, the process and the tokio runtime, through OpenTelemetry's API.
mod fraction;
mod host;
mod instruments;
mod names;
mod process;
mod register;
mod runtime;
mod sampler;
mod snapshot;

pub use register::{register, start};
