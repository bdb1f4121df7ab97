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
    pub(crate) json: bool,
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
                json: false,
                bytes,
                error: None,
            };
        }
        let mut unpacked = Vec::new();
        match MultiGzDecoder::new(&bytes[..]).read_to_end(&mut unpacked) {
            Ok(_) => Self {
                gzip,
                json: false,
                bytes: unpacked.into(),
                error: None,
            },
            Err(error) => {
                let message = format!("the payload is no gzip: {error}");
                Self {
                    gzip,
                    json: false,
                    bytes,
                    error: Some(Rejection::status(400).with_message(message)),
                }
            }
        }
    }

    /// Sets whether it is JSON rather than protobuf.
    pub(crate) fn with_json(mut self, json: bool) -> Self {
        self.json = json;
        self
    }

    /// One that cannot be used.
    pub(crate) fn unusable(bytes: Bytes, error: Rejection) -> Self {
        Self {
            gzip: false,
            json: false,
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
        let decoded = if self.json {
            batch_of_json(signal, &self.bytes).map_err(|error| error.to_string())
        } else {
            batch(signal, &self.bytes).map_err(|error| error.to_string())
        };
        decoded.map_err(|error| {
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

fn batch_of_json(signal: Signal, bytes: &[u8]) -> serde_json::Result<Batch> {
    Ok(match signal {
        Signal::Traces => Batch::Spans(Span::all(
            serde_json::from_slice::<ExportTraceServiceRequest>(bytes)?.resource_spans,
        )),
        Signal::Metrics => Batch::Metrics(Metric::all(
            serde_json::from_slice::<ExportMetricsServiceRequest>(bytes)?.resource_metrics,
        )),
        Signal::Logs => Batch::Logs(LogRecord::all(
            serde_json::from_slice::<ExportLogsServiceRequest>(bytes)?.resource_logs,
        )),
    })
}
