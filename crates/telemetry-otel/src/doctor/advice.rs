//! What went wrong, and what to do about it.

use std::net::SocketAddr;
use std::time::Duration;

use tonic::Code;

use crate::config::{OtlpSettings, Protocol, Signal};
use crate::doctor::check::{Step, host_and_port};
use crate::exporter::ExportError;

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
    /// The empty request was not accepted. The error shows no secret.
    #[error("{error}")]
    Export {
        error: ExportError,
        /// The other protocol, if the port speaks that.
        speaks: Option<Protocol>,
    },
    #[error("cannot use the settings: {0}")]
    Settings(String),
}

/// Says in a sentence what to do.
pub(super) fn advice(failure: &Failure, settings: &OtlpSettings, signal: Signal) -> String {
    let (_, port) = host_and_port(settings);
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
        Failure::Export { error, speaks } => advice_on(error, *speaks, settings, signal),
        Failure::Settings(_) => "Check the files of OTEL_EXPORTER_OTLP_CERTIFICATE, \
                                 _CLIENT_CERTIFICATE and _CLIENT_KEY, and SSL_CERT_FILE."
            .to_owned(),
    }
}

/// Says in a sentence what to do where an empty request is not accepted.
fn advice_on(
    error: &ExportError,
    speaks: Option<Protocol>,
    settings: &OtlpSettings,
    signal: Signal,
) -> String {
    let (_, port) = host_and_port(settings);
    let headers = "Check OTEL_EXPORTER_OTLP_HEADERS: the collector wants other credentials.";
    let overloaded = "The collector is there and does not take records now: look at its log.";
    match error {
        ExportError::TimedOut(_) => format!(
            "Is port {port} the collector's, and is the collector well? It connects and says \
             nothing."
        ),
        ExportError::Connect(_) => {
            "Check the address in OTEL_EXPORTER_OTLP_ENDPOINT, and the proxy if there is one."
                .to_owned()
        }
        ExportError::Tls(error) => advice_on_tls(error).to_owned(),
        ExportError::Http { status, .. } => match status.as_u16() {
            300..=399 => "Redirects are not followed: set the URL that it redirects to.".to_owned(),
            401 | 403 => headers.to_owned(),
            407 => "The proxy wants credentials: set HTTPS_PROXY=http://user:password@host:port."
                .to_owned(),
            404 | 405 => format!(
                "Check the path {}: usual is /v1/{signal}, which is added to \
                 OTEL_EXPORTER_OTLP_ENDPOINT but not to OTEL_EXPORTER_OTLP_{}_ENDPOINT.",
                settings.endpoint.path(),
                signal.upper()
            ),
            415 if settings.is_compressed() || settings.protocol() == Protocol::HttpJson => {
                "The collector does not take this form: set OTEL_EXPORTER_OTLP_COMPRESSION=none, or \
                 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf."
                    .to_owned()
            }
            429 | 500.. => overloaded.to_owned(),
            _ => "Check the URL, its http:// or https:// included: this collector does not take \
                  such requests."
                .to_owned(),
        },
        ExportError::Grpc { code, reason, .. } => match code {
            Code::Unauthenticated | Code::PermissionDenied => headers.to_owned(),
            // grpc-go and tonic name the encoding.
            Code::Unimplemented | Code::Internal
                if settings.is_compressed() && reason.contains("gzip") =>
            {
                "The collector does not take gzip: set OTEL_EXPORTER_OTLP_COMPRESSION=none."
                    .to_owned()
            }
            Code::Unimplemented => format!(
                "The collector does not take {signal}: enable them there, or set \
                 OTEL_{}_EXPORTER=none.",
                signal.upper()
            ),
            _ => overloaded.to_owned(),
        },
        ExportError::Answer(_) => {
            format!("Is port {port} a collector's? Something else answers there.")
        }
        ExportError::Protocol { .. } => match speaks {
            Some(other) => format!(
                "It speaks {other}: set OTEL_EXPORTER_OTLP_PROTOCOL={other}, or use the \
                 collector's other port."
            ),
            None => format!(
                "Is port {port} a collector's, and is it http:// rather than https://, or the \
                 other way round? With TLS, it may want a client certificate."
            ),
        },
        ExportError::Request(_) => "Check OTEL_EXPORTER_OTLP_ENDPOINT.".to_owned(),
    }
}

/// Says what to do where the connection cannot be secured, by what rustls says.
fn advice_on_tls(error: &str) -> &'static str {
    if error.contains("UnknownIssuer") {
        "Its authority is not trusted: set OTEL_EXPORTER_OTLP_CERTIFICATE to the PEM file of the \
         authority that signs the collector's certificate."
    } else if error.contains("expired") || error.contains("Expired") {
        "The collector's certificate has expired, or the clock of this machine is wrong."
    } else if error.contains("not valid for name") || error.contains("NotValidForName") {
        "Use the host name that the collector's certificate is for in OTEL_EXPORTER_OTLP_ENDPOINT."
    } else if error.contains("CertificateRequired") || error.contains("HandshakeFailure") {
        "The collector wants a client certificate: set OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and \
         OTEL_EXPORTER_OTLP_CLIENT_KEY."
    } else {
        "Use http:// if the collector has no TLS; else check its certificate, and \
         OTEL_EXPORTER_OTLP_CERTIFICATE where a private authority signed it."
    }
}
