//! Exporters: OTLP, and the console.

mod console;
mod delivery;
mod destination;
mod error;
mod health;
mod otlp;
mod priority;
mod request;
mod runtime;
mod transport;

pub(crate) use console::Console;
pub(crate) use destination::Destination;
pub(crate) use error::{ExportError, LossCause};
pub(crate) use health::{Health, LOGGER, Loss};
pub(crate) use otlp::OtlpExporter;
pub(crate) use priority::lower as lower_priority;
pub(crate) use request::{decode_empty_answer, encode_empty};
pub(crate) use runtime::ExportRuntime;
pub(crate) use transport::{TlsFiles, Transport, TransportError};
