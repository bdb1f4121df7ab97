//! OTLP over gRPC.

use std::error::Error as _;
use std::time::Duration;

use bytes::{Buf as _, BufMut as _, Bytes};
use http::Extensions;
use http::uri::PathAndQuery;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::config::{NetworkSettings, OtlpSettings, Protocol, Signal};
use crate::exporter::error::{self, ExportError};
use crate::exporter::transport::{CONNECT_TIMEOUT, TransportError, USER_AGENT, tls};

/// How long a request waits before it asks whether the other side is still there. Only while there is
/// a request: many servers end a connection whose client pings while nothing is sent.
const PING_INTERVAL: Duration = Duration::from_secs(3);
/// How long it waits for that answer, before it takes another connection.
const PING_TIMEOUT: Duration = Duration::from_secs(3);

/// A channel: one connection of HTTP/2, made again where it is lost.
#[derive(Debug)]
pub(crate) struct GrpcTransport {
    channel: Channel,
    method: PathAndQuery,
    metadata: MetadataMap,
    gzip: bool,
}

impl GrpcTransport {
    pub(super) fn new(
        settings: &OtlpSettings,
        signal: Signal,
        network: &NetworkSettings,
    ) -> Result<Self, TransportError> {
        let uri = settings.endpoint();
        let mut endpoint = Endpoint::from(uri.clone())
            .user_agent(USER_AGENT)?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT);
        if uri.scheme_str() == Some("https") {
            let tls = tls::for_grpc(settings.tls_files(), network)?.timeout(CONNECT_TIMEOUT);
            endpoint = endpoint.tls_config(tls)?;
        }
        let channel = match network.proxy_for(uri) {
            Some(proxy) => {
                let mut connector = HttpConnector::new();
                connector.enforce_http(false);
                let mut tunnel = Tunnel::new(proxy.uri().clone(), connector);
                if let Some(credentials) = proxy.credentials() {
                    tunnel = tunnel.with_auth(credentials.clone());
                }
                endpoint.connect_with_connector_lazy(tunnel)
            }
            None => endpoint.connect_lazy(),
        };
        Ok(Self {
            channel,
            method: PathAndQuery::from_static(method(signal)),
            metadata: MetadataMap::from_headers(settings.headers().0.clone()),
            gzip: settings.is_compressed(),
        })
    }

    pub(super) async fn send(&self, request: Bytes) -> Result<Bytes, ExportError> {
        let mut client = Grpc::new(self.channel.clone());
        if self.gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        client
            .ready()
            .await
            .map_err(|error| ExportError::from_connection(&error, Protocol::Grpc, true))?;
        let request =
            tonic::Request::from_parts(self.metadata.clone(), Extensions::default(), request);
        let sent = client.unary(request, self.method.clone(), RawCodec).await;
        sent.map(tonic::Response::into_inner).map_err(failure)
    }
}

fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// Tells an answer of the collector from an error of the connection, which tonic makes a status of.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` calls")]
fn failure(status: Status) -> ExportError {
    let code = status.code();
    let is_refused = matches!(code, Code::Unauthenticated | Code::PermissionDenied);
    if let Some(source) = status.source() {
        let is_connecting = source.is::<tonic::ConnectError>()
            || telemetry_core::error_chain::causes(source)
                .any(<dyn std::error::Error>::is::<tonic::ConnectError>);
        return ExportError::from_connection(source, Protocol::Grpc, is_connecting);
    }
    // Where there is no status of gRPC, tonic makes one of that of HTTP.
    if status.message().contains("grpc-status") && !is_refused {
        return ExportError::Protocol {
            protocol: Protocol::Grpc,
            error: error::reason(status.message()),
        };
    }
    let retry = status.get_details_retry_info();
    ExportError::Grpc {
        code,
        reason: error::reason(status.message()),
        retry_after: retry.map(|info| info.retry_delay.unwrap_or_default()),
    }
}

/// Messages are encoded before and decoded after: a try is made again with the same bytes.
#[derive(Clone, Copy, Debug)]
struct RawCodec;

impl Codec for RawCodec {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(message);
        Ok(())
    }
}

impl Decoder for RawCodec {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
