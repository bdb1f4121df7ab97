//! Real connections of each kind, and what the layer knows of their peers.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::routing::get as on_get;
use axum::serve::{IncomingStream, Listener};
use futures_util::stream;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use telemetry_core::ClientIp;
use telemetry_core::testing::capture_logs;
use telemetry_http::{HttpTelemetryLayer, Peer, TrustedProxies};
use telemetry_otel::testing::AttributeValue;
use telemetry_otel::testing::{capture_metrics, capture_spans};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tonic::transport::server::{TcpConnectInfo, TcpIncoming, TlsConnectInfo, UdsConnectInfo};
use tonic::transport::{
    Certificate, Channel, ClientTlsConfig, Endpoint, Identity, Server, ServerTlsConfig,
};

const PROXIED: &str = "x-forwarded-for: 198.51.100.1\r\nx-forwarded-proto: https\r\nx-forwarded-host: shop.example\r\n";

/// A socket's file that is gone after the test.
fn socket() -> (TempDir, UnixListener) {
    let directory = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(path(&directory)).unwrap();
    (directory, listener)
}

fn path(directory: &TempDir) -> impl AsRef<Path> + use<> {
    directory.path().join("http.sock")
}

/// Sends one request and reads until the server closes.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, headers: &str) -> String {
    let request =
        format!("GET / HTTP/1.1\r\nhost: own.example\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

fn app(layer: HttpTelemetryLayer) -> Router {
    let client = |client: Option<axum::Extension<ClientIp>>| async move {
        client.map_or_else(|| "unknown".into(), |client| client.0.to_string())
    };
    Router::new().route("/", on_get(client)).layer(layer)
}

/// What `into_make_service_with_connect_info` leaves for a Unix socket.
#[derive(Clone)]
struct LocalPeer;

impl Connected<IncomingStream<'_, UnixListener>> for LocalPeer {
    fn connect_info(_stream: IncomingStream<'_, UnixListener>) -> Self {
        Self
    }
}

#[tokio::test]
async fn a_proxy_on_a_unix_socket_names_the_client_where_local_sockets_are_trusted() {
    for (trusts, headers, client, scheme, host) in [
        (true, PROXIED, Some("198.51.100.1"), "https", "shop.example"),
        (true, "", None, "http", "own.example"),
        (false, PROXIED, None, "http", "own.example"),
    ] {
        let (logs, spans) = (capture_logs(), capture_spans());
        let mut proxies = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
        if trusts {
            proxies = proxies.trusting_local_sockets();
        }
        let layer = HttpTelemetryLayer::new()
            .with_client_ip(true)
            .with_connect_info(|_: &LocalPeer| Peer::from_local_socket())
            .with_trusted_proxies(proxies);
        let (directory, listener) = socket();
        let service = app(layer).into_make_service_with_connect_info::<LocalPeer>();
        telemetry_core::spawn(async move { axum::serve(listener, service).await });

        let stream = UnixStream::connect(path(&directory)).await.unwrap();
        let response = exchange(stream, headers).await;
        let body = client.unwrap_or("unknown");
        assert!(response.ends_with(body), "{response}");
        let line = logs.wait_for("request_completed").await;
        assert_eq!(
            line.get("client_ip").is_some(),
            client.is_some(),
            "{line:?}"
        );
        if let Some(client) = client {
            assert_eq!(line["client_ip"], client);
        }
        let span = spans.single("GET /");
        let expected = client.map(AttributeValue::from);
        assert_eq!(span.get("client.address"), expected.as_ref());
        assert_eq!(span["url.scheme"], scheme);
        assert_eq!(span["server.address"], host);
    }
}

/// A certificate of `localhost` and its key.
fn certificate() -> rcgen::CertifiedKey<rcgen::KeyPair> {
    // An error says that there is one already.
    let _already = rustls::crypto::ring::default_provider().install_default();
    rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

/// A listener whose connections are encrypted.
struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.tcp.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// What `into_make_service_with_connect_info` leaves for a connection of [`TlsListener`].
#[derive(Clone)]
struct TlsPeer(SocketAddr);

impl Connected<IncomingStream<'_, TlsListener>> for TlsPeer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(*stream.remote_addr())
    }
}

#[tokio::test]
async fn a_request_over_tls_is_one_of_https() {
    let (spans, metrics) = (capture_spans(), capture_metrics());
    let rcgen::CertifiedKey { cert, signing_key } = certificate();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let server = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();

    let listener = TlsListener {
        tcp: TcpListener::bind("127.0.0.1:0").await.unwrap(),
        acceptor: TlsAcceptor::from(Arc::new(server)),
    };
    let address = listener.local_addr().unwrap();
    let layer = HttpTelemetryLayer::new()
        .with_client_ip(true)
        .with_connect_info(|TlsPeer(address): &TlsPeer| Peer::from(*address).with_tls(true));
    let service = app(layer).into_make_service_with_connect_info::<TlsPeer>();
    telemetry_core::spawn(async move { axum::serve(listener, service).await });

    let stream = TcpStream::connect(address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    let stream = connector.connect(name, stream).await.unwrap();
    let response = exchange(stream, "").await;
    assert!(response.ends_with("127.0.0.1"), "{response}");
    let span = spans.single("GET /");
    assert_eq!(span["url.scheme"], "https");
    assert_eq!(span["client.address"], "127.0.0.1");
    let duration = metrics.single("http.server.request.duration");
    assert_eq!(
        duration.get("url.scheme"),
        Some(&AttributeValue::from("https"))
    );
}

/// A service of gRPC that answers with nothing.
struct Empty;

#[tonic::async_trait]
impl TraceService for Empty {
    async fn export(
        &self,
        _request: tonic::Request<ExportTraceServiceRequest>,
    ) -> tonic::Result<tonic::Response<ExportTraceServiceResponse>> {
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

/// The peer of a connection of tonic, whatever it is.
fn tonic_peer(extensions: &http::Extensions) -> Option<Peer> {
    if extensions.get::<UdsConnectInfo>().is_some() {
        return Some(Peer::from_local_socket());
    }
    let tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>();
    let address = extensions.get::<TcpConnectInfo>()?.remote_addr()?;
    Some(Peer::from(address).with_tls(tls.is_some()))
}

fn tonic_layer() -> HttpTelemetryLayer {
    HttpTelemetryLayer::new()
        .with_client_ip(true)
        .with_peer(tonic_peer)
        .with_trusted_proxies(TrustedProxies::default().trusting_local_sockets())
}

async fn call(channel: Channel) {
    let mut request = tonic::Request::new(ExportTraceServiceRequest::default());
    let metadata = request.metadata_mut();
    metadata.insert("x-forwarded-for", "198.51.100.1".parse().unwrap());
    TraceServiceClient::new(channel)
        .export(request)
        .await
        .unwrap();
}

const CALL: &str = "POST";

#[tokio::test]
async fn tonic_over_tcp_has_the_address_of_its_peer() {
    let (logs, spans) = (capture_logs(), capture_spans());
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder()
        .layer(tonic_layer())
        .add_service(TraceServiceServer::new(Empty));
    telemetry_core::spawn(server.serve_with_incoming(incoming));

    let endpoint = Channel::from_shared(format!("http://{address}")).unwrap();
    call(endpoint.connect().await.unwrap()).await;
    let line = logs.wait_for("request_completed").await;
    assert_eq!(line["client_ip"], "127.0.0.1");
    assert_eq!(spans.single(CALL)["url.scheme"], "http");
}

#[tokio::test]
async fn tonic_over_tls_has_the_address_of_its_peer_and_https() {
    let (logs, spans) = (capture_logs(), capture_spans());
    let rcgen::CertifiedKey { cert, signing_key } = certificate();
    let identity = Identity::from_pem(cert.pem(), signing_key.serialize_pem());
    let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = incoming.local_addr().unwrap();
    let server = Server::builder()
        .tls_config(ServerTlsConfig::new().identity(identity))
        .unwrap()
        .layer(tonic_layer())
        .add_service(TraceServiceServer::new(Empty));
    telemetry_core::spawn(server.serve_with_incoming(incoming));

    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(cert.pem()))
        .domain_name("localhost");
    let endpoint = Channel::from_shared(format!("https://{address}")).unwrap();
    // What the client says of its scheme is not what shows it.
    let endpoint = endpoint.tls_config(tls).unwrap();
    let endpoint = endpoint.origin("http://own.example".parse().unwrap());
    call(endpoint.connect().await.unwrap()).await;
    let line = logs.wait_for("request_completed").await;
    assert_eq!(line["client_ip"], "127.0.0.1");
    assert_eq!(spans.single(CALL)["url.scheme"], "https");
}

#[tokio::test]
async fn tonic_on_a_unix_socket_believes_its_proxy() {
    let logs = capture_logs();
    let (directory, listener) = socket();
    let incoming = stream::unfold(listener, |listener| async {
        let accepted = listener.accept().await;
        Some((accepted.map(|(stream, _)| stream), listener))
    });
    let server = Server::builder()
        .layer(tonic_layer())
        .add_service(TraceServiceServer::new(Empty));
    telemetry_core::spawn(server.serve_with_incoming(incoming));

    let path = path(&directory).as_ref().display().to_string();
    let endpoint = Endpoint::from_shared(format!("unix:{path}")).unwrap();
    call(endpoint.connect().await.unwrap()).await;
    let line = logs.wait_for("request_completed").await;
    assert_eq!(line["client_ip"], "198.51.100.1");
}
