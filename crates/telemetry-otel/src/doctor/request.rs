//! An empty request, as the exporters would send it.

use std::error::Error;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{Extensions, StatusCode};
use prost::Message as _;
use telemetry_core::error_chain;
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use crate::config::{OtlpSettings, Protocol, Signal, with_path};
use crate::doctor::advice::Failure;
use crate::doctor::check::Step;
use crate::exporter::http_client;

/// Nothing, compressed with gzip.
const EMPTY_GZIP: [u8; 20] = [
    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// Sends one, and looks whether it is accepted within the time that an export may take.
pub(super) async fn send(settings: &OtlpSettings, signal: Signal) -> Result<(), Failure> {
    let result = timeout(settings.timeout, send_by(settings, signal)).await;
    let result = result.unwrap_or_else(|_| Err(timed_out(settings)));
    let Err(Failure::Protocol {
        protocol, error, ..
    }) = result
    else {
        return result;
    };
    let is_other = answers_by_other(settings, signal).await;
    let speaks = is_other.then_some(other(protocol));
    Err(Failure::Protocol {
        protocol,
        error,
        speaks,
    })
}

async fn send_by(settings: &OtlpSettings, signal: Signal) -> Result<(), Failure> {
    match settings.protocol {
        Protocol::Grpc => send_grpc(settings, signal).await,
        Protocol::HttpProtobuf => send_http(settings).await,
    }
}

fn timed_out(settings: &OtlpSettings) -> Failure {
    Failure::TimedOut {
        step: Step::Send,
        limit: settings.timeout,
    }
}

fn other(protocol: Protocol) -> Protocol {
    match protocol {
        Protocol::Grpc => Protocol::HttpProtobuf,
        Protocol::HttpProtobuf => Protocol::Grpc,
    }
}

/// Says whether the port answers in the other protocol, be it with an error.
async fn answers_by_other(settings: &OtlpSettings, signal: Signal) -> bool {
    let mut settings = settings.clone();
    settings.protocol = other(settings.protocol);
    if settings.protocol == Protocol::HttpProtobuf && settings.endpoint.path() == "/" {
        settings.endpoint = with_path(&settings.endpoint, signal.path());
    }
    matches!(
        send_by(&settings, signal).await,
        Ok(()) | Err(Failure::Http(_) | Failure::Grpc { .. })
    )
}

async fn send_http(settings: &OtlpSettings) -> Result<(), Failure> {
    let client = http_client(settings.timeout).map_err(|error| Failure::Request(chain(&error)))?;
    // An empty message has no bytes.
    let mut request = client
        .post(settings.endpoint.to_string())
        .headers(settings.headers.0.clone())
        .header(CONTENT_TYPE, "application/x-protobuf");
    if settings.gzip {
        request = request
            .header(CONTENT_ENCODING, "gzip")
            .body(EMPTY_GZIP.as_slice());
    }
    let is_secure = settings.endpoint.scheme_str() == Some("https");
    let failed = |error: reqwest::Error| {
        if error.is_timeout() {
            return timed_out(settings);
        }
        // It has been connected to before.
        let is_tls = is_secure && error.is_connect();
        let text = chain(&error.without_url());
        if is_tls {
            Failure::Tls(text)
        } else {
            Failure::Protocol {
                protocol: Protocol::HttpProtobuf,
                error: text,
                speaks: None,
            }
        }
    };
    let response = request.send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(Failure::Http(response.status()));
    }
    let body = response.bytes().await.map_err(failed)?;
    <()>::decode(body).map_err(|error| Failure::Body(chain(&error)))
}

async fn send_grpc(settings: &OtlpSettings, signal: Signal) -> Result<(), Failure> {
    let request_failed = |error: tonic::transport::Error| Failure::Request(chain(&error));
    let endpoint = Channel::from_shared(settings.endpoint.to_string());
    let mut endpoint = endpoint.map_err(|error| Failure::Request(chain(&error)))?;
    let is_secure = settings.endpoint.scheme_str() == Some("https");
    if is_secure {
        let tls = ClientTlsConfig::new().with_webpki_roots();
        endpoint = endpoint.tls_config(tls).map_err(request_failed)?;
    }
    let not_spoken = |error: String| Failure::Protocol {
        protocol: Protocol::Grpc,
        error,
        speaks: None,
    };
    let channel = endpoint.connect().await.map_err(|error| {
        if is_secure {
            Failure::Tls(chain(&error))
        } else {
            not_spoken(chain(&error))
        }
    })?;
    let mut client = Grpc::new(channel);
    if settings.gzip {
        client = client.send_compressed(CompressionEncoding::Gzip);
    }
    let failed = |status: Status| failed_call(&status, not_spoken);
    let is_ready = client.ready().await;
    is_ready.map_err(|error| not_spoken(chain(&error)))?;
    let metadata = MetadataMap::from_headers(settings.headers.0.clone());
    let request = tonic::Request::from_parts(metadata, Extensions::default(), ());
    let path = PathAndQuery::from_static(method(signal));
    let codec = ProstCodec::<(), ()>::default();
    client.unary(request, path, codec).await.map_err(failed)?;
    Ok(())
}

/// Tells an answer of the collector from one that is none.
fn failed_call(status: &Status, not_spoken: impl FnOnce(String) -> Failure) -> Failure {
    let message = status.message();
    let is_refused = matches!(
        status.code(),
        Code::Unauthenticated | Code::PermissionDenied
    );
    // Where there is no status of gRPC, tonic makes one of that of HTTP.
    let is_made_up = message.contains("grpc-status") && !is_refused;
    match status.source() {
        Some(source) => not_spoken(chain(source)),
        None if is_made_up => not_spoken(message.to_owned()),
        None => Failure::Grpc {
            code: status.code(),
            message: message.escape_debug().to_string(),
        },
    }
}

fn method(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    }
}

/// An error with all that caused it, in one line.
fn chain(error: &(dyn Error + 'static)) -> String {
    error_chain::sentence(error).escape_debug().to_string()
}
