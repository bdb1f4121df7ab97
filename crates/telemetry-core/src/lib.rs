//! TODO
mod client;
mod config;
mod decode;
mod encode;
mod fields;
mod install;
mod line;
pub mod names;
pub mod panic;
pub mod propagation;
mod redact;
mod scope;
mod statistics;
#[cfg(feature = "testing")]
pub mod testing;
mod trace;
mod value;
mod writer;

pub use client::ClientIp;
pub use config::{
    Config, ConfigWarning, Environment, EnvironmentReader, HttpNames, VARIABLES, Variable,
};
pub use install::{
    BuildError, InstallError, Telemetry, TelemetryBuilder, TelemetryGuard, http_names, init,
    milliseconds,
};
pub use line::{LineLayer, LineSink, LogFormat};
pub use redact::is_sensitive;
pub use scope::{
    FutureExt, InScope, Scope, ScopeBuilder, TemporaryBinding, bind, bind_temporarily, context,
    spawn, spawn_blocking, spawn_thread, unbind,
};
pub use statistics::{Statistics, statistics};
pub use value::{FieldValue, Value, ValueEncoder};
pub use writer::Overflow;
