//! From the payload of a request to records.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::{DecodeError, Message as _};

use crate::received::{Batch, LogRecord, Metric, Span};
use crate::rejection::Rejection;
use crate::signal::Signal;

/// The payload of a request, with whatever is wrong with it.
#[derive(Debug)]
pub(crate) struct Payload {
    pub(crate) gzip: bool,
    /// Decompressed, or as it was sent if that failed.
    pub(crate) bytes: Bytes,
    pub(crate) error: Option<Rejection>,
}

impl Payload {
    /// Unpacks the bytes if they are compressed.
    pub(crate) fn new(bytes: Bytes, gzip: bool) -> Self {
        if !gzip {
            return Self {
                gzip,
                bytes,
                error: None,
            };
        }
        let mut unpacked = Vec::new();
        match MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked) {
            Ok(_) => Self {
                gzip,
                bytes: unpacked.into(),
                error: None,
            },
            Err(error) => {
                let message = format!("the payload is no gzip: {error}");
                Self {
                    gzip,
                    bytes,
                    error: Some(Rejection::status(400).with_message(message)),
                }
            }
        }
    }

    /// One that cannot be used.
    pub(crate) fn unusable(bytes: Bytes, error: Rejection) -> Self {
        Self {
            gzip: false,
            bytes,
            error: Some(error),
        }
    }

    /// Decodes the records.
    pub(crate) fn decode(&self, signal: Option<Signal>) -> Result<Batch, Rejection> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let signal = signal
            .ok_or_else(|| Rejection::status(404).with_message("nothing is served at this path"))?;
        batch(signal, &self.bytes).map_err(|error| {
            let message = format!("the payload is no export of {signal}: {error}");
            Rejection::status(400).with_message(message)
        })
    }
}

fn batch(signal: Signal, bytes: &[u8]) -> Result<Batch, DecodeError> {
    Ok(match signal {
        Signal::Traces => Batch::Spans(Span::all(
            ExportTraceServiceRequest::decode(bytes)?.resource_spans,
        )),
        Signal::Metrics => Batch::Metrics(Metric::all(
            ExportMetricsServiceRequest::decode(bytes)?.resource_metrics,
        )),
        Signal::Logs => Batch::Logs(LogRecord::all(
            ExportLogsServiceRequest::decode(bytes)?.resource_logs,
        )),
    })
}
