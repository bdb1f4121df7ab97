//! The connection to a collector: one request at a time, by gRPC or HTTP.

mod grpc;
mod http;
mod tls;

use std::time::Duration;

use bytes::Bytes;

use crate::config::{NetworkSettings, OtlpSettings, Protocol, Signal};
use crate::exporter::error::ExportError;
use crate::exporter::transport::grpc::GrpcTransport;
use crate::exporter::transport::http::HttpTransport;

use tls::TlsError;
pub(crate) use tls::TlsFiles;

/// How long a connection may take, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const USER_AGENT: &str = concat!("telemetry-otel/", env!("CARGO_PKG_VERSION"));

/// Why there can be no connection, whatever the collector does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("cannot make a gRPC channel")]
    Channel(#[from] tonic::transport::Error),
    #[error("cannot make an HTTP client")]
    Client(#[from] reqwest::Error),
}

/// Sends requests to one collector. Connects when the first is sent, and again where the connection
/// is lost.
#[derive(Debug)]
pub(crate) enum Transport {
    Grpc(GrpcTransport),
    Http(HttpTransport),
}

impl Transport {
    /// Prepares a connection. To be called within a runtime of tokio, which channels start tasks on.
    ///
    /// # Errors
    ///
    /// When a file of certificates cannot be used, or TLS cannot be set up.
    pub(crate) fn new(
        settings: &OtlpSettings,
        signal: Signal,
        network: &NetworkSettings,
    ) -> Result<Self, TransportError> {
        Ok(match settings.protocol() {
            Protocol::Grpc => Self::Grpc(GrpcTransport::new(settings, signal, network)?),
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                Self::Http(HttpTransport::new(settings, network)?)
            }
        })
    }

    /// Sends an encoded request and waits for the answer's bytes. Without a bound in time.
    ///
    /// # Errors
    ///
    /// When there is no answer, or the collector refuses the request.
    pub(crate) async fn send(&self, request: Bytes) -> Result<Bytes, ExportError> {
        match self {
            Self::Grpc(transport) => transport.send(request).await,
            Self::Http(transport) => transport.send(request).await,
        }
    }
}
