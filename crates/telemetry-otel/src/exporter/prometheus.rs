//! Metrics for Prometheus to fetch.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use opentelemetry_prometheus::PrometheusExporter;
use prometheus::{Encoder as _, Registry, TextEncoder};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};

use crate::config::PrometheusAddress;
use crate::exporter::runtime::ExportRuntime;

/// The path that Prometheus asks for unless it is configured otherwise.
const METRICS_PATH: &str = "/metrics";
/// The most connections at a time: further ones wait.
const MAX_CONNECTIONS: usize = 16;
/// The longest time that a connection may take to ask, and may be idle.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The pause after a connection that could not be accepted: the process may have no file left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why metrics cannot be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrometheusError {
    #[error("cannot serve metrics to Prometheus on {address}")]
    Listen {
        address: PrometheusAddress,
        source: io::Error,
    },
    #[error("cannot read metrics for Prometheus")]
    Reader(#[source] opentelemetry_sdk::error::OTelSdkError),
}

/// Serves metrics at `/metrics`, in Prometheus' text format, as long as the runtime lives.
///
/// # Errors
///
/// When the address cannot be listened on.
pub(crate) fn serve(
    address: &PrometheusAddress,
    runtime: &ExportRuntime,
) -> Result<PrometheusExporter, PrometheusError> {
    let listeners = listen(address).map_err(|source| PrometheusError::Listen {
        address: address.clone(),
        source,
    })?;
    let registry = Registry::new();
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .build()
        .map_err(PrometheusError::Reader)?;
    let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    for listener in listeners {
        let listener = runtime.enter(|| TcpListener::from_std(listener));
        let listener = listener.map_err(|source| PrometheusError::Listen {
            address: address.clone(),
            source,
        })?;
        runtime.spawn(accept(listener, registry.clone(), Arc::clone(&free)));
    }
    Ok(exporter)
}

/// Says whether the address can be listened on.
///
/// # Errors
///
/// When it cannot: [`io::ErrorKind::AddrInUse`] where somebody else does.
pub(crate) fn check(address: &PrometheusAddress) -> io::Result<()> {
    listen(address).map(drop)
}

/// Listens on each address that the host has. One that this machine does not have is passed over if
/// there is another, but none is that somebody else listens on: half of the requests would be lost.
fn listen(address: &PrometheusAddress) -> io::Result<Vec<std::net::TcpListener>> {
    let addresses: Vec<SocketAddr> = address.host_and_port().to_socket_addrs()?.collect();
    let mut failure = None;
    let mut listeners = Vec::new();
    for address in addresses {
        match std::net::TcpListener::bind(address) {
            Ok(listener) => {
                listener.set_nonblocking(true)?;
                listeners.push(listener);
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => return Err(error),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if listeners.is_empty() => Err(error),
        _ => Ok(listeners),
    }
}

async fn accept(listener: TcpListener, registry: Registry, free: Arc<Semaphore>) {
    while let Ok(place) = Arc::clone(&free).acquire_owned().await {
        let Ok((connection, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let registry = registry.clone();
        tokio::runtime::Handle::current().spawn(async move {
            answer_all(connection, registry).await;
            drop(place);
        });
    }
}

/// Answers the requests of a connection.
async fn answer_all(connection: TcpStream, registry: Registry) {
    let service = service_fn(move |request| answer(request, registry.clone()));
    // The one who asks has gone away: it asks again.
    let _is_asked = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_TIMEOUT)
        .serve_connection(TokioIo::new(connection), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    registry: Registry,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if request.uri().path() != METRICS_PATH {
        *response.status_mut() = StatusCode::NOT_FOUND;
    } else if !is_read {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    } else if let Some(text) = gather(registry).await {
        let kind = HeaderValue::from_static(prometheus::TEXT_FORMAT);
        response.headers_mut().insert(CONTENT_TYPE, kind);
        *response.body_mut() = Full::from(text);
    } else {
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    }
    Ok(response)
}

/// Collects all metrics, on a thread of its own: it locks what requests measure with, which the
/// thread of this runtime, of a low priority, would keep for long.
async fn gather(registry: Registry) -> Option<Vec<u8>> {
    let (done, is_done) = oneshot::channel();
    let collecting = thread::Builder::new()
        .name("telemetry-scrape".into())
        .spawn(move || {
            let mut text = Vec::new();
            let encoded = TextEncoder::new().encode(&registry.gather(), &mut text);
            done.send(encoded.is_ok().then_some(text))
        });
    collecting.ok()?;
    is_done.await.ok()?
}
