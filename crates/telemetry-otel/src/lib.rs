//! OpenTelemetry export of traces, metrics and log records.
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), telemetry_core::InstallError> {
//! let telemetry = telemetry_otel::init()?; // lines, and export when the environment says so
//! tracing::info!(players = 12, "tournament_shown");
//! telemetry.shutdown(std::time::Duration::from_secs(5)).await;
//! # Ok(())
//! # }
//! ```

mod config;
mod doctor;
mod exporter;
mod guard;
mod install;
mod layers;
mod logs;
mod metrics;
mod pipeline;
mod propagators;
mod resource;
#[cfg(feature = "testing")]
pub mod testing;

pub use config::{
    BatchSettings, Exporter, Headers, OtelConfig, OtlpSettings, Propagators, Protocol, Sampler,
    Signal, VARIABLES,
};
pub use doctor::{Report, Setting, SignalReport, doctor};
pub use guard::OtelGuard;
pub use install::{Otel, OtelBuilder, init};
