//! What went wrong, and what to do about it.

use std::net::SocketAddr;
use std::time::Duration;

use http::StatusCode;
use tonic::Code;

use crate::config::{OtlpSettings, Protocol, Signal};
use crate::doctor::check::{Step, host_and_port};

/// Why a signal cannot be exported.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("cannot find the host {host}: {error}")]
    Resolve { host: String, error: String },
    #[error("cannot connect to {address}: {error}")]
    Connect {
        address: SocketAddr,
        is_refused: bool,
        error: String,
    },
    #[error("{} within {limit:?}", match step {
        Step::Resolve => "the host was not found",
        Step::Connect => "no connection",
        Step::Send => "no answer",
    })]
    TimedOut { step: Step, limit: Duration },
    #[error("cannot secure the connection: {0}")]
    Tls(String),
    #[error("the answer is HTTP status {0}")]
    Http(StatusCode),
    #[error("the answer is gRPC status {code:?}: {message}")]
    Grpc { code: Code, message: String },
    #[error("the answer is not one of a collector: {0}")]
    Body(String),
    #[error("the port does not speak {protocol}: {error}")]
    Protocol {
        protocol: Protocol,
        error: String,
        /// The other protocol, if the port speaks that.
        speaks: Option<Protocol>,
    },
    #[error("cannot make the request: {0}")]
    Request(String),
}

/// Says in a sentence what to do.
pub(super) fn advice(failure: &Failure, settings: &OtlpSettings, signal: Signal) -> String {
    let (_, port) = host_and_port(settings);
    let headers = "Check OTEL_EXPORTER_OTLP_HEADERS: the collector wants other credentials.";
    let overloaded = "The collector is there and does not take records now: look at its log.";
    match failure {
        Failure::Resolve { .. }
        | Failure::TimedOut {
            step: Step::Resolve,
            ..
        } => "Check the name in OTEL_EXPORTER_OTLP_ENDPOINT, and the DNS of this machine or \
             container."
            .to_owned(),
        Failure::Connect {
            is_refused: true, ..
        } => format!(
            "Is the collector running, and is {port} its port? Usual are 4317 for grpc and 4318 \
             for http/protobuf; in a container, localhost is the container itself."
        ),
        Failure::Connect { .. }
        | Failure::TimedOut {
            step: Step::Connect,
            ..
        } => "Check the address in OTEL_EXPORTER_OTLP_ENDPOINT, and the firewalls on the way."
            .to_owned(),
        Failure::TimedOut {
            step: Step::Send, ..
        } => format!(
            "Is port {port} the collector's, and is the collector well? It connects and says \
             nothing."
        ),
        Failure::Tls(_) => "Use http:// if the collector has no TLS; else its certificate must be \
                            for this host, and of an authority in Mozilla's list."
            .to_owned(),
        Failure::Http(status) => match status.as_u16() {
            300..=399 => "Redirects are not followed: set the URL that it redirects to.".to_owned(),
            401 | 403 | 407 => headers.to_owned(),
            404 | 405 => format!(
                "Check the path {}: usual is /v1/{signal}, which is added to \
                 OTEL_EXPORTER_OTLP_ENDPOINT but not to OTEL_EXPORTER_OTLP_{}_ENDPOINT.",
                settings.endpoint.path(),
                signal.upper()
            ),
            429 | 500.. => overloaded.to_owned(),
            _ => "Check the URL, its http:// or https:// included: this collector does not take \
                  such requests."
                .to_owned(),
        },
        Failure::Grpc { code, .. } => match code {
            Code::Unauthenticated | Code::PermissionDenied => headers.to_owned(),
            Code::Unimplemented => format!(
                "The collector does not take {signal}: enable them there, or set \
                 OTEL_{}_EXPORTER=none.",
                signal.upper()
            ),
            _ => overloaded.to_owned(),
        },
        Failure::Body(_) => format!("Is port {port} a collector's? Something else answers there."),
        Failure::Protocol { speaks, .. } => match speaks {
            Some(other) => format!(
                "It speaks {other}: set OTEL_EXPORTER_OTLP_PROTOCOL={other}, or use the \
                 collector's other port."
            ),
            None => format!(
                "Is port {port} a collector's, and is it http:// rather than https://, or the \
                 other way round?"
            ),
        },
        Failure::Request(_) => "Check OTEL_EXPORTER_OTLP_ENDPOINT.".to_owned(),
    }
}
