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
//! | carry it into tasks, threads and pools | [`spawn`], [`spawn_blocking`], [`spawn_thread`], [`FutureExt`], [`carry`] |
//! | open a unit of work of your own, with a root span | [`UnitOfWork`], [`record_error`] |
//! | record a failure the same on a line, a span and metrics | [`Failure`], [`error_chain`], [`AsError`] |
//! | write instrumentation of your own | [`instrument`], [`Instruments`] |
//! | carry it, and the trace, to other processes | [`propagation`] |
//! | bind values of your own types | [`FieldValue`] |
//! | cut a value that a client chose | [`client_value`] |
//! | add the lines to a subscriber of your own | [`LineLayer`] |
//! | name a span after a route without taking memory | [`interned`] |
//! | test what is logged | `testing`, with the feature of that name |
//!
//! # What it records
//!
//! | event | level | fields | when |
//! |---|---|---|---|
//! | `telemetry_initialized` | info | `otel_enabled`, `log_format`, `log_level`, `service_name`, `sampler`, `sampler_ratio` | telemetry is installed |
//! | `telemetry_config_warning` | warning | `variable`, `problem`, `using` | a setting is bad or misspelt |
//! | `log_loss_started` | warning | `dropped_lines` | lines begin to be dropped |
//! | `log_loss_ended` | warning | `dropped_lines`, `duration_ms` | a second has passed without loss |
//! | `context_limit_reached` | warning | `key_limit` | a field was not bound, because its scope has 256 keys already; once in a process |
//! | `metric_attribute_bounded` | warning | `metric_attribute`, `value_limit` | an attribute of a metric has as many values as are kept: further ones are `_OTHER`; once for each attribute |
//! | `work_panicked` | error | `error`, `exception`, `thread.name` | code panicked, and no request, connection, job or message reports it |
//!
//! # What a line holds
//!
//! `timestamp`, `level`, `logger` and `event`; the event's own fields; those of enclosing
//! `tracing` spans, inner ones first; those of the current scope; those of
//! [every line](Config::with_field); and `trace_id` and
//! `span_id` when the current OpenTelemetry span is valid. A key appears once: what comes
//! earlier in this list wins. `event` is the message; without one it is the name of the nearest
//! span, as with `#[instrument(err)]`, and outside of any span the file and line. No key is another's
//! beginning up to a dot: a user's field whose name would clash with names of the line, such as
//! `level`, `event.id` or `user`, is kept as `field.<name>`, and so is the shorter of any other such
//! pair. The values of [sensitive](is_sensitive) keys become `[redacted]`. A line is at most 16,000
//! bytes long, and has `line_truncated` where it was cut.
//!
//! Nothing that is logged can fail, block or panic: lines wait in a buffer bounded in
//! bytes, which one thread writes in batches. [`statistics`] counts what was lost. Telemetry ends
//! with its last guard; `exit` waits for lines too, and a line that comes after the end, or in a
//! forked child, is written before the call that logs it returns.

mod append_only;
pub mod as_error;
mod bounded_names;
mod builder;
mod client;
mod client_value;
mod config;
mod decode;
mod duration;
mod encode;
pub mod error_chain;
mod failure;
mod fields;
mod grpc_status;
mod guard;
mod held;
mod in_effect;
mod install;
pub mod instrument;
mod instruments;
mod interned;
mod line;
mod log_records;
pub mod names;
pub mod panic;
pub mod propagation;
mod redact;
mod request_id;
mod scope;
mod slow_statement;
mod statistics;
mod subscriber;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod unit;
mod value;
mod writer;

pub use as_error::AsError;
pub use builder::{BuildError, TelemetryBuilder};
pub use client::ClientIp;
pub use client_value::client_value;
pub use config::{
    Config, ConfigWarning, Environment, EnvironmentReader, HttpNames, LineFilter, VARIABLES,
    Variable,
};
pub use duration::milliseconds;
pub use failure::Failure;
pub use guard::TelemetryGuard;
pub use install::{InstallError, Telemetry, http_names, init};
pub use instruments::{
    DURATION_BOUNDARIES, Instruments, are_instruments_bound, bind_instruments, use_global_providers,
};
pub use interned::interned;
pub use line::{LineLayer, LineSink, LineSource, LogFormat, fields_of_line};
pub use redact::{
    REDACTED, is_sensitive, is_sensitive_number, mask_json_prefix, mask_query, mask_query_values,
    mask_urls,
};
pub use request_id::{RandomId, is_valid_request_id};
pub use scope::{
    FutureExt, InScope, Scope, ScopeBuilder, TemporaryBinding, bind, bind_temporarily, carry,
    context, spawn, spawn_blocking, spawn_thread, unbind, without_context,
};
pub use statistics::{Statistics, statistics};
pub use unit::{UnitOfWork, record_error};
pub use value::{FieldValue, Value, ValueEncoder};
pub use writer::Overflow;
