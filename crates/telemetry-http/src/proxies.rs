//! The proxies that are trusted, and what they say of a request.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;
use telemetry_core::ClientIp;

use crate::attributes::Scheme;
use crate::forwarded;
use crate::peer::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// The header in which proxies say for whom they forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, with `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// The proxies that are believed about a request: who sent it, by which scheme, to which host.
///
/// Only a request that came from one of these networks, or by a
/// [local socket](Self::trusting_local_sockets), is looked at further: then the addresses in the
/// header are followed from the last to the first, as long as they are of trusted proxies too.
/// The first that is not is the client.
///
/// The scheme and the host are those of the same hop, which is the last that was followed:
///
/// - of `Forwarded`, the parameters `proto` and `host` of its element;
/// - of `X-Forwarded-Proto` and `X-Forwarded-Host`, the only value where there is one, as nginx,
///   Envoy, Traefik and the load balancers of the clouds send it. Of several, as Apache appends
///   them, the value that is as far from the end as the client is in `X-Forwarded-For`; none
///   where the list is too short.
///
/// They become `url.scheme` on spans and metrics, and `server.address` and `server.port` on spans.
/// A scheme is `http` or `https`; `ws` and `wss` mean these. What is neither, a host that is no
/// host with or without a port, and what the hop leaves out is taken from the connection and the
/// request itself. `X-Forwarded-Port` is not read.
///
/// Name the one header that your proxies set, and let them set or remove `X-Forwarded-Proto` and
/// `X-Forwarded-Host`. A header that they merely pass on says what the client pleases.
///
/// ```
/// use telemetry_http::{HttpTelemetryLayer, TrustedProxies};
///
/// # fn main() -> Result<(), telemetry_http::TrustedProxiesError> {
/// let proxies = TrustedProxies::new(["10.0.0.0/8", "fd00::/8"])?;
/// let layer = HttpTelemetryLayer::new().with_trusted_proxies(proxies);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    local_sockets: bool,
    header: ForwardedHeader,
}

impl TrustedProxies {
    /// Trusts these networks, such as `10.0.0.0/8`, and single addresses.
    ///
    /// # Errors
    ///
    /// When one of them is neither; the error names it.
    pub fn new<S: AsRef<str>>(
        networks: impl IntoIterator<Item = S>,
    ) -> Result<Self, TrustedProxiesError> {
        let networks = networks
            .into_iter()
            .map(|network| parse_network(network.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            networks,
            ..Self::default()
        })
    }

    /// Sets the header that the proxies set; `X-Forwarded-For` by default.
    #[must_use]
    pub fn with_header(mut self, header: ForwardedHeader) -> Self {
        self.header = header;
        self
    }

    /// Trusts what connects by a Unix socket, for a server that only a proxy on its machine can
    /// reach. Such a peer has no address: without the header there is no client's address.
    ///
    /// The layer must know that a peer is a Unix socket: see
    /// [`HttpTelemetryLayer::with_peer`](crate::HttpTelemetryLayer::with_peer).
    ///
    /// ```
    /// # use telemetry_http::{HttpTelemetryLayer, Peer, TrustedProxies};
    /// let layer = HttpTelemetryLayer::new()
    ///     .with_peer(|_| Some(Peer::from_local_socket()))
    ///     .with_trusted_proxies(TrustedProxies::default().trusting_local_sockets());
    /// ```
    #[must_use]
    pub fn trusting_local_sockets(mut self) -> Self {
        self.local_sockets = true;
        self
    }

    /// Finds out who sent a request that came from `peer`.
    #[inline]
    pub(crate) fn caller<'a>(&self, peer: Peer, headers: &'a HeaderMap) -> Caller<'a> {
        let caller = Caller {
            client: peer.address().map(ClientIp),
            is_tls: peer.is_tls(),
            hop: None,
        };
        if self.is_trusted(peer) {
            self.follow(caller, headers)
        } else {
            caller
        }
    }

    #[inline]
    fn is_trusted(&self, peer: Peer) -> bool {
        match peer.address() {
            Some(address) => self.trusts(address),
            None => self.local_sockets && peer.is_local_socket(),
        }
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// Follows the header from the proxy that the request came from to the client.
    // Not inlined: much code, which has no place among what runs without proxies.
    #[inline(never)]
    fn follow<'a>(&self, mut caller: Caller<'a>, headers: &'a HeaderMap) -> Caller<'a> {
        match self.header {
            ForwardedHeader::XForwardedFor => {
                let nodes =
                    listed(headers, &X_FORWARDED_FOR).map(|node| parse_node(as_text(node)?));
                let last = self.follow_nodes(nodes.zip(0..), &mut caller.client);
                caller.hop = Some(Hop::Listed {
                    headers,
                    // The proxy that the request came from may say no more than the scheme.
                    nth_from_end: last.unwrap_or(0),
                });
            }
            ForwardedHeader::Forwarded => {
                let lines = headers.get_all(header::FORWARDED).iter().rev();
                let elements = lines.flat_map(|line| {
                    let elements = forwarded::elements(line.as_bytes()).into_iter();
                    elements.rev()
                });
                let nodes = elements.map(|element| {
                    let node = forwarded::parameter(element, "for");
                    (node.and_then(|node| parse_node(&node)), element)
                });
                let last = self.follow_nodes(nodes, &mut caller.client);
                caller.hop = last.map(Hop::Element);
            }
        }
        caller
    }

    /// Follows nodes, the nearest to us first, and returns what stands beside the last of them.
    fn follow_nodes<T>(
        &self,
        nodes: impl Iterator<Item = (Option<IpAddr>, T)>,
        client: &mut Option<ClientIp>,
    ) -> Option<T> {
        let mut last = None;
        for (address, beside) in nodes {
            last = Some(beside);
            // A node that is no address ends what can be known. What its proxy says beside it
            // is known all the same.
            let Some(address) = address else { break };
            *client = Some(ClientIp(address));
            if !self.trusts(address) {
                break;
            }
        }
        last
    }
}

/// Who sent a request, and what is known of how they did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caller<'a> {
    pub(crate) client: Option<ClientIp>,
    /// Whether the connection that the request came in by is encrypted.
    is_tls: bool,
    /// Where the proxy that the client sent the request to says what it received. Absent without a
    /// trusted proxy.
    hop: Option<Hop<'a>>,
}

#[derive(Clone, Copy, Debug)]
enum Hop<'a> {
    /// In headers of the family `X-Forwarded-…`, which are lists.
    Listed {
        headers: &'a HeaderMap,
        nth_from_end: usize,
    },
    /// In an element of the header `Forwarded`.
    Element(&'a [u8]),
}

impl<'a> Caller<'a> {
    /// The scheme that the client used, as far as the proxy or the connection shows it.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        let proto = self
            .hop
            .and_then(|hop| hop.value(&X_FORWARDED_PROTO, "proto"));
        let scheme = proto.and_then(|proto| Scheme::from_proto(&proto));
        scheme.or_else(|| self.is_tls.then_some(Scheme::Https))
    }

    /// The host that the client asked for, with its port where it has one, as the proxy says. It
    /// is not checked yet.
    pub(crate) fn host(&self) -> Option<Cow<'a, str>> {
        let host = self.hop?.value(&X_FORWARDED_HOST, "host")?;
        // A name and a password are no part of a host.
        (!host.contains('@')).then_some(host)
    }
}

impl<'a> Hop<'a> {
    fn value(self, header: &HeaderName, parameter: &str) -> Option<Cow<'a, str>> {
        match self {
            Self::Listed {
                headers,
                nth_from_end,
            } => {
                let is_single = listed(headers, header).nth(1).is_none();
                let nth = if is_single { 0 } else { nth_from_end };
                let value = listed(headers, header).nth(nth)?;
                as_text(value).map(Cow::Borrowed)
            }
            Self::Element(element) => forwarded::parameter(element, parameter),
        }
    }
}

/// The elements of a header that is a list, the last first. Empty ones are skipped (RFC 9110,
/// section 5.6.1).
fn listed<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let lines = headers.get_all(name).iter().rev();
    lines
        .flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|element| !element.is_empty())
}

fn as_text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// Why a list of proxies could not be read.
#[derive(Debug, PartialEq, Eq)]
pub struct TrustedProxiesError(String);

impl fmt::Display for TrustedProxiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither a network nor an address", self.0)
    }
}

impl std::error::Error for TrustedProxiesError {}

fn parse_network(text: &str) -> Result<IpNet, TrustedProxiesError> {
    let text = text.trim();
    text.parse()
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| TrustedProxiesError(text.to_owned()))
}

/// Reads a node: an address with or without a port (RFC 7239, section 6), and IPv6 without
/// brackets where it has no port.
fn parse_node(node: &str) -> Option<IpAddr> {
    let address = match node.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            if !is_port_or_empty(port) {
                return None;
            }
            address.parse::<Ipv6Addr>().ok()?.into()
        }
        None => match node.split_once(':') {
            Some((address, port)) if is_port(port) => address.parse::<Ipv4Addr>().ok()?.into(),
            _ => node.parse::<IpAddr>().ok()?,
        },
    };
    Some(address.to_canonical())
}

fn is_port_or_empty(text: &str) -> bool {
    text.is_empty() || text.strip_prefix(':').is_some_and(is_port)
}

/// Says whether this is a port, or what hides one.
fn is_port(text: &str) -> bool {
    match text.strip_prefix('_') {
        Some(hidden) => {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
            !hidden.is_empty() && hidden.bytes().all(is_allowed)
        }
        None => (1..=5).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests;
