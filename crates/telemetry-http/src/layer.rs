//! The layer and its settings.

use std::fmt;
use std::sync::Arc;

use http::{Extensions, HeaderName};
use telemetry_core::HttpNames;
use telemetry_labels::LabelExtractor;
use tower_layer::Layer;

use crate::hooks::HttpHooks;
use crate::paths::Paths;
use crate::peer::{Peer, PeerLookup};
use crate::proxies::TrustedProxies;
use crate::request_id;
use crate::service::HttpTelemetry;

/// Gives every request its context and its completion line.
///
/// In axum, apply it with [`Router::layer`] so that it knows the matched route:
///
/// ```
/// use axum::{Router, routing::get};
/// use telemetry_http::HttpTelemetryLayer;
///
/// let app: Router = Router::new()
///     .route("/api/tournaments/{id}/", get(|| async { "…" }))
///     .layer(HttpTelemetryLayer::new().without_lines_for(["/healthz", "/readyz"]));
/// ```
///
/// On a router that is nested in another, lines, labels, ids, spans, hooks and
/// [`without_lines_for`](Self::without_lines_for) have the whole path that the client sent, not
/// what is left of it without the prefix.
///
/// Apply it once. A second layer further in passes a request through that a layer further out
/// has not ended yet, whatever stands between them: a target that is rewritten, another task. A
/// handler that forwards its request to another service in the process hands on the same
/// request; what it makes anew is a request of its own.
///
/// [`Router::layer`]: https://docs.rs/axum/0.8/axum/struct.Router.html#method.layer
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied"]
pub struct HttpTelemetryLayer {
    settings: Arc<Settings>,
}

#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) labels: LabelExtractor,
    /// Another one than the usual.
    request_id_header: Option<HeaderName>,
    pub(crate) trace_response_header: Option<HeaderName>,
    pub(crate) without_lines: Paths,
    pub(crate) without_recording: Paths,
    pub(crate) peer: PeerLookup,
    pub(crate) proxies: TrustedProxies,
    pub(crate) client_ip: bool,
    pub(crate) query: bool,
    pub(crate) public_endpoint: bool,
    names: Option<HttpNames>,
    pub(crate) hooks: Option<Arc<dyn HttpHooks>>,
}

impl HttpTelemetryLayer {
    /// Makes a layer with the built-in labels, the `X-Request-ID` header, and nothing that
    /// a client says about itself on the lines.
    pub fn new() -> Self {
        Self {
            settings: Arc::new(Settings {
                labels: LabelExtractor::new(),
                request_id_header: None,
                trace_response_header: None,
                without_lines: Paths::default(),
                without_recording: Paths::default(),
                peer: PeerLookup::default(),
                proxies: TrustedProxies::default(),
                client_ip: false,
                query: false,
                public_endpoint: false,
                names: None,
                hooks: None,
            }),
        }
    }

    /// Takes labels and ids from paths by rules of your own.
    pub fn with_labels(self, labels: LabelExtractor) -> Self {
        self.with(|settings| settings.labels = labels)
    }

    /// Sets the header of the request id, in requests and responses.
    pub fn with_request_id_header(self, header: HeaderName) -> Self {
        self.with(|settings| settings.request_id_header = Some(header))
    }

    /// Sends the trace id of each request in this header of its response: 32 lower-case
    /// hexadecimal digits, the `trace_id` of its lines. None by default.
    ///
    /// The header is there whether the trace is sampled or not, and on the response to a panic. It
    /// replaces one of that name. A request that has no trace has no such header: there is one
    /// where something exports, or where `traceparent` brings one in.
    ///
    /// ```
    /// use http::HeaderName;
    /// use telemetry_http::HttpTelemetryLayer;
    ///
    /// let header = HeaderName::from_static("x-trace-id");
    /// let layer = HttpTelemetryLayer::new().with_trace_response_header(header);
    /// ```
    pub fn with_trace_response_header(self, header: HeaderName) -> Self {
        self.with(|settings| settings.trace_response_header = Some(header))
    }

    /// Writes no `request_completed` and no `request_cancelled` for these whole paths, such as
    /// health checks; one that fails still writes its `request_failed`. They have their
    /// scope and request id as others do. A trailing slash makes no difference.
    pub fn without_lines_for<S: AsRef<str>>(self, paths: impl IntoIterator<Item = S>) -> Self {
        self.with(|settings| settings.without_lines.extend(paths))
    }

    /// Records no server span and no metrics for these whole paths, such as health checks, be
    /// their requests failed or not. A trailing slash makes no difference.
    ///
    /// All else is as without export: they have their scope, request id and lines, unless
    /// [`without_lines_for`](Self::without_lines_for) leaves those out. A trace that comes in by
    /// `traceparent` goes on: lines have its ids, and spans and outgoing requests of the handler
    /// are beneath the caller's span. Without one, each span of the handler begins a trace of its
    /// own. A [public endpoint](Self::with_public_endpoint) continues no trace here either.
    pub fn without_recording_for<S: AsRef<str>>(self, paths: impl IntoIterator<Item = S>) -> Self {
        self.with(|settings| settings.without_recording.extend(paths))
    }

    /// Sets the proxies that are believed about the client's address, and the scheme and host of
    /// its request. None by default.
    pub fn with_trusted_proxies(self, proxies: TrustedProxies) -> Self {
        self.with(|settings| settings.proxies = proxies)
    }

    /// Finds the peer of a request by `peer`, which is given the request's extensions: the address
    /// of its socket, whether that is a Unix socket, and whether the connection is encrypted.
    ///
    /// Where it finds none or panics, and by default, the address is a
    /// [`SocketAddr`](std::net::SocketAddr) among the extensions. With the feature `axum`, it is
    /// first what `into_make_service_with_connect_info::<SocketAddr>()` leaves there.
    ///
    /// For tonic, whose connections leave what they are:
    ///
    /// ```
    /// use telemetry_http::{HttpTelemetryLayer, Peer};
    /// use tonic::transport::server::{TcpConnectInfo, TlsConnectInfo, UdsConnectInfo};
    ///
    /// let layer = HttpTelemetryLayer::new().with_peer(|extensions| {
    ///     if extensions.get::<UdsConnectInfo>().is_some() {
    ///         return Some(Peer::from_local_socket());
    ///     }
    ///     let is_tls = extensions.get::<TlsConnectInfo<TcpConnectInfo>>().is_some();
    ///     let address = extensions.get::<TcpConnectInfo>()?.remote_addr()?;
    ///     Some(Peer::from(address).with_tls(is_tls))
    /// });
    /// ```
    pub fn with_peer(
        self,
        peer: impl Fn(&Extensions) -> Option<Peer> + Send + Sync + 'static,
    ) -> Self {
        self.with(|settings| settings.peer = PeerLookup::new(peer))
    }

    /// Finds the peer of a request by what axum's
    /// [`into_make_service_with_connect_info`] leaves of the connection, a type of your own. Needs
    /// the feature `axum`.
    ///
    /// In place of [`with_peer`](Self::with_peer). For a server that listens on a Unix socket:
    ///
    /// ```
    /// use axum::extract::connect_info::Connected;
    /// use axum::serve::IncomingStream;
    /// use axum::{Router, serve};
    /// use telemetry_http::{HttpTelemetryLayer, Peer, TrustedProxies};
    /// use tokio::net::UnixListener;
    ///
    /// #[derive(Clone)]
    /// struct LocalPeer;
    ///
    /// impl Connected<IncomingStream<'_, UnixListener>> for LocalPeer {
    ///     fn connect_info(_stream: IncomingStream<'_, UnixListener>) -> Self {
    ///         Self
    ///     }
    /// }
    ///
    /// # async fn run(app: Router) -> std::io::Result<()> {
    /// let layer = HttpTelemetryLayer::new()
    ///     .with_connect_info(|_: &LocalPeer| Peer::from_local_socket())
    ///     .with_trusted_proxies(TrustedProxies::default().trusting_local_sockets());
    /// let app = app.layer(layer);
    /// let listener = UnixListener::bind("/run/app/http.sock")?;
    /// serve(listener, app.into_make_service_with_connect_info::<LocalPeer>()).await
    /// # }
    /// ```
    ///
    /// [`into_make_service_with_connect_info`]: https://docs.rs/axum/0.8/axum/struct.Router.html#method.into_make_service_with_connect_info
    #[cfg(feature = "axum")]
    pub fn with_connect_info<T, P>(self, peer: impl Fn(&T) -> P + Send + Sync + 'static) -> Self
    where
        T: Clone + Send + Sync + 'static,
        P: Into<Peer>,
    {
        self.with_peer(move |extensions| {
            let axum::extract::ConnectInfo(info) = extensions.get()?;
            Some(peer(info).into())
        })
    }

    /// Writes the client's address as `client_ip` on completion lines, and as
    /// `client.address` on spans. Off by default.
    ///
    /// The address of the socket must be known: see [`with_peer`](Self::with_peer).
    pub fn with_client_ip(self, client_ip: bool) -> Self {
        self.with(|settings| settings.client_ip = client_ip)
    }

    /// Writes the query string as `url.query` on completion lines and spans, the values of
    /// sensitive parameters as `[redacted]`. Off by default.
    pub fn with_query(self, query: bool) -> Self {
        self.with(|settings| settings.query = query)
    }

    /// Says that anybody may call. Off by default.
    ///
    /// A trace that comes in by `traceparent` is then not continued, so that a stranger
    /// cannot decide what is sampled: each request begins a trace of its own, with a link
    /// to the one that came in. In effect where spans are exported.
    pub fn with_public_endpoint(self, public_endpoint: bool) -> Self {
        self.with(|settings| settings.public_endpoint = public_endpoint)
    }

    /// Sets which names the fields of completion lines have, in place of what
    /// `OTEL_SEMCONV_STABILITY_OPT_IN` says.
    pub fn with_names(self, names: HttpNames) -> Self {
        self.with(|settings| settings.names = Some(names))
    }

    /// Calls `hooks` at the stages of each request.
    pub fn with_hooks(self, hooks: impl HttpHooks) -> Self {
        self.with(|settings| settings.hooks = Some(Arc::new(hooks)))
    }

    fn with(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }
}

impl Default for HttpTelemetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for HttpTelemetryLayer {
    type Service = HttpTelemetry<S>;

    fn layer(&self, inner: S) -> HttpTelemetry<S> {
        HttpTelemetry::new(inner, Arc::clone(&self.settings))
    }
}

impl Settings {
    /// The name of the header that carries the request id.
    #[inline]
    pub(crate) fn request_id_header(&self) -> &HeaderName {
        static USUAL: HeaderName = request_id::DEFAULT_HEADER;
        self.request_id_header.as_ref().unwrap_or(&USUAL)
    }

    /// The same, for a response to keep.
    #[inline]
    pub(crate) fn owned_request_id_header(&self) -> HeaderName {
        match &self.request_id_header {
            Some(header) => header.clone(),
            // A constant takes less than a clone.
            None => request_id::DEFAULT_HEADER,
        }
    }

    pub(crate) fn names(&self) -> HttpNames {
        self.names.unwrap_or_else(telemetry_core::http_names)
    }

    pub(crate) fn writes_lines_for(&self, path: &str) -> bool {
        !self.without_lines.has(path)
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("request_id_header", &self.request_id_header)
            .field("trace_response_header", &self.trace_response_header)
            .field("without_lines", &self.without_lines)
            .field("without_recording", &self.without_recording)
            .field("peer", &self.peer)
            .field("proxies", &self.proxies)
            .field("client_ip", &self.client_ip)
            .field("query", &self.query)
            .field("public_endpoint", &self.public_endpoint)
            .field("names", &self.names)
            .field("hooks", &self.hooks.is_some())
            .finish_non_exhaustive()
    }
}
