//! The other end of the connection that a request came in by.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use http::Extensions;
use telemetry_core::panic;

/// The other end of the connection that a request came in by, as far as the server knows it.
///
/// [`HttpTelemetryLayer::with_peer`] takes a function that finds it.
///
/// ```
/// use std::net::SocketAddr;
/// use telemetry_http::Peer;
///
/// let address: SocketAddr = "192.0.2.7:4711".parse()?;
/// let over_tcp = Peer::from(address);
/// let over_tls = Peer::from(address).with_tls(true);
/// let over_a_unix_socket = Peer::from_local_socket();
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
///
/// [`HttpTelemetryLayer::with_peer`]: crate::HttpTelemetryLayer::with_peer
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    socket: Socket,
    is_tls: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Socket {
    #[default]
    Unknown,
    Local,
    Network(IpAddr),
}

impl Peer {
    /// A peer without an address, such as that of a connection in memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// A process on this machine, at the other end of a Unix socket. It has no address.
    ///
    /// [`TrustedProxies::trusting_local_sockets`] makes it a proxy that is trusted.
    ///
    /// [`TrustedProxies::trusting_local_sockets`]: crate::TrustedProxies::trusting_local_sockets
    pub fn from_local_socket() -> Self {
        Self {
            socket: Socket::Local,
            is_tls: false,
        }
    }

    /// Sets whether the connection is encrypted by TLS: `url.scheme` is then `https`, unless a
    /// trusted proxy names another. False by default.
    #[must_use]
    pub fn with_tls(mut self, is_tls: bool) -> Self {
        self.is_tls = is_tls;
        self
    }

    /// The address, an IPv4 address within IPv6 as the IPv4 address that it is.
    pub(crate) fn address(self) -> Option<IpAddr> {
        match self.socket {
            Socket::Network(address) => Some(address.to_canonical()),
            Socket::Local | Socket::Unknown => None,
        }
    }

    pub(crate) fn is_local_socket(self) -> bool {
        self.socket == Socket::Local
    }

    pub(crate) fn is_tls(self) -> bool {
        self.is_tls
    }
}

impl From<IpAddr> for Peer {
    fn from(address: IpAddr) -> Self {
        Self {
            socket: Socket::Network(address),
            is_tls: false,
        }
    }
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        address.ip().into()
    }
}

/// Finds the peer of a request among its extensions, by the application's function where there is
/// one.
#[derive(Clone, Default)]
pub(crate) struct PeerLookup(Option<Arc<Lookup>>);

type Lookup = dyn Fn(&Extensions) -> Option<Peer> + Send + Sync;

impl PeerLookup {
    pub(crate) fn new(
        lookup: impl Fn(&Extensions) -> Option<Peer> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(lookup)))
    }

    #[inline]
    pub(crate) fn find(&self, extensions: &Extensions) -> Option<Peer> {
        match &self.0 {
            Some(lookup) => found_by(&**lookup, extensions).or_else(|| address_in(extensions)),
            None => address_in(extensions),
        }
    }
}

/// Calls the application's function. One that panics has found nothing.
fn found_by(lookup: &Lookup, extensions: &Extensions) -> Option<Peer> {
    panic::catch(|| lookup(extensions)).ok().flatten()
}

/// The address that the server has left among the extensions.
#[inline]
fn address_in(extensions: &Extensions) -> Option<Peer> {
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(address)) = extensions.get() {
        let address: &SocketAddr = address;
        return Some((*address).into());
    }
    extensions
        .get::<SocketAddr>()
        .map(|address| (*address).into())
}

impl fmt::Debug for PeerLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerLookup")
            .field(&self.0.is_some())
            .finish()
    }
}
