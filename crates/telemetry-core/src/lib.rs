//! One context, structured log lines and their lifecycle, on top of `tracing`.
//!
//! A unit of work (a request, connection, message, job or spawned task) has a [`Scope`].
//! What is bound to it anywhere beneath is on every later line of that unit, whichever
//! crate logs it:
//!
//! ```
//! use telemetry_core::{FutureExt as _, Scope, bind, spawn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), telemetry_core::InstallError> {
//! let telemetry = telemetry_core::init()?; // settings from the environment
//! async {
//!     bind("tournament.id", 5); // on every later line of this unit
//!     tracing::info!(players = 12, "tournament_shown");
//!     spawn(async { tracing::info!("standings_recomputed") }).await.ok(); // carries it
//! }
//! .in_scope(Scope::builder().field("request.id", "abc-123").build())
//! .await;
//! telemetry.shutdown(std::time::Duration::from_secs(5)).await;
//! # Ok(())
//! # }
//! ```
//!
//! ```text
//! {"timestamp":"2026-11-21T08:15:30.482913Z","level":"info","logger":"example","event":"tournament_shown","players":12,"request.id":"abc-123","tournament.id":5}
//! {"timestamp":"2026-11-21T08:15:30.482971Z","level":"info","logger":"example","event":"standings_recomputed","request.id":"abc-123","tournament.id":5}
//! ```
//!
//! # Where to look
//!
//! | to … | see |
//! |---|---|
//! | start and end telemetry | [`init`], [`Telemetry`], [`TelemetryGuard`] |
//! | choose level, format and the rest | [`Config`]; the variables are in [`VARIABLES`] |
//! | bind context | [`bind`], [`unbind`], [`bind_temporarily`], [`context`], [`Scope`] |
//! | carry it into tasks and threads | [`spawn`], [`spawn_blocking`], [`spawn_thread`], [`FutureExt`] |
//! | open a unit of work of your own, with a root span | [`UnitOfWork`], [`record_error`] |
//! | tell a failure alike on a line, a span and metrics | [`Failure`] |
//! | carry it, and the trace, to other processes | [`propagation`] |
//! | bind values of your own types | [`FieldValue`] |
//! | add the lines to a subscriber of your own | [`LineLayer`] |
//! | name a span after a route without taking memory | [`interned`] |
//! | test what is logged | `testing`, with the feature of that name |
//!
//! # What it records
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `telemetry_initialized` | info | `otel_enabled`, `log_format`, `log_level`, `service_name` | telemetry is installed |
//! | `telemetry_config_warning` | warning | `variable`, `problem`, `using` | a setting is bad or misspelt |
//! | `log_loss_started` | warning | `dropped_lines` | lines begin to be dropped |
//! | `log_loss_ended` | warning | `dropped_lines`, `duration_ms` | a second has passed without loss |
//! | `work_panicked` | error | `error`, `exception` | a spawned task or thread, or a unit of work of your own, panicked |
//!
//! # What a line holds
//!
//! `timestamp`, `level`, `logger` and `event`; the event's own fields; those of enclosing
//! `tracing` spans, inner ones first; those of the current scope; and `trace_id` and
//! `span_id` when the current OpenTelemetry span is valid. A key appears once: what comes
//! earlier in this list wins. `event` is the message; without one it is the name of the nearest
//! span, as with `#[instrument(err)]`, and outside of any span the file and line. A field that a user names as one of the first four is kept as
//! `field.<name>`, and the values of [sensitive](is_sensitive) keys become `[redacted]`.
//!
//! Nothing that is logged can fail, block or panic: lines wait in a buffer bounded in
//! bytes, which one thread writes in batches. [`statistics`] counts what was lost.

mod client;
mod config;
mod decode;
mod encode;
mod failure;
mod fields;
mod install;
mod instruments;
mod interned;
mod line;
pub mod names;
pub mod panic;
pub mod propagation;
mod redact;
mod request_id;
mod scope;
mod statistics;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod unit;
mod value;
mod writer;

pub use client::ClientIp;
pub use config::{
    Config, ConfigWarning, Environment, EnvironmentReader, HttpNames, VARIABLES, Variable,
};
pub use failure::Failure;
pub use install::{
    BuildError, InstallError, Telemetry, TelemetryBuilder, TelemetryGuard, http_names, init,
    milliseconds,
};
pub use instruments::{
    DURATION_BOUNDARIES, Instruments, are_instruments_bound, bind_instruments, use_global_providers,
};
pub use interned::interned;
pub use line::{LineLayer, LineSink, LogFormat, fields_of_line};
pub use redact::is_sensitive;
pub use request_id::{RandomId, is_valid_request_id};
pub use scope::{
    FutureExt, InScope, Scope, ScopeBuilder, TemporaryBinding, bind, bind_temporarily, context,
    spawn, spawn_blocking, spawn_thread, unbind,
};
pub use statistics::{Statistics, statistics};
pub use unit::{UnitOfWork, record_error};
pub use value::{FieldValue, Value, ValueEncoder};
pub use writer::Overflow;
