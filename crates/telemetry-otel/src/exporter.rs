//! Exporters: OTLP, the console, and Prometheus.

mod console;
mod delivery;
mod destination;
mod destinations;
mod error;
mod health;
mod limits;
mod otlp;
mod priority;
mod prometheus;
mod request;
mod runtime;
mod transport;

pub(crate) use console::Console;
pub(crate) use destination::Destination;
pub(crate) use destinations::Destinations;
pub(crate) use error::{ExportError, LossCause, one_line};
pub(crate) use health::{Health, LOGGER, Loss};
pub(crate) use limits::ExportLimits;
pub(crate) use otlp::OtlpExporter;
pub(crate) use priority::lower as lower_priority;
pub(crate) use prometheus::{
    PrometheusError, check as check_prometheus, serve as serve_prometheus,
};
pub(crate) use request::{decode_empty_answer, encode_empty};
pub(crate) use runtime::ExportRuntime;
pub(crate) use transport::{TlsFiles, Transport, TransportError};
