//! The address of the client, behind as many proxies as are trusted.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use http::{Extensions, HeaderMap, HeaderName, header};
use ipnet::IpNet;
use telemetry_core::ClientIp;

use crate::forwarded;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which proxies say whom they forward for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, RFC 7239.
    Forwarded,
}

/// The proxies whose word about the client's address is taken.
///
/// Only a request whose socket belongs to one of these networks is looked at further: then
/// the addresses in the header are followed from the last to the first, as long as they
/// are of trusted proxies too. The first that is not is the client.
///
/// Name the one header that your proxies set. A header that they merely pass on says what
/// the client pleases.
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
            header: ForwardedHeader::default(),
        })
    }

    /// Sets the header that the proxies set; `X-Forwarded-For` by default.
    #[must_use]
    pub fn with_header(mut self, header: ForwardedHeader) -> Self {
        self.header = header;
        self
    }

    /// Finds the client of a request that came from `peer`.
    pub(crate) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientIp {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return ClientIp(client);
        }
        for hop in self.hops(headers).into_iter().rev() {
            // A hop that is no address ends what can be known.
            let Some(address) = hop else { break };
            client = address;
            if !self.trusts(client) {
                break;
            }
        }
        ClientIp(client)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks
            .iter()
            .any(|network| network.contains(&address))
    }

    /// The addresses that the header lists, nearest to us last; `None` for an element that names
    /// none. Each is judged by itself, and empty ones are skipped (RFC 9110, section 5.6.1).
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        let mut hops = Vec::new();
        for value in headers.get_all(name) {
            let value = String::from_utf8_lossy(value.as_bytes());
            match self.header {
                ForwardedHeader::XForwardedFor => {
                    let elements = value.split(',').map(str::trim);
                    hops.extend(elements.filter(|it| !it.is_empty()).map(parse_node));
                }
                ForwardedHeader::Forwarded => {
                    let nodes = forwarded::nodes(&value).into_iter();
                    hops.extend(nodes.map(|node| parse_node(&node?)));
                }
            }
        }
        hops
    }
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

/// Reads an address with or without a port, IPv6 with or without brackets.
fn parse_node(node: &str) -> Option<IpAddr> {
    let address = node
        .parse()
        .or_else(|_| node.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()
        .or_else(|| node.strip_prefix('[')?.strip_suffix(']')?.parse().ok());
    address.map(|address: IpAddr| address.to_canonical())
}

/// The address of the socket that a request came in by, if the server has left it among
/// the extensions.
pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(address)) = extensions.get() {
        let address: &SocketAddr = address;
        return Some(address.ip());
    }
    extensions.get::<SocketAddr>().map(SocketAddr::ip)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, proxies: &TrustedProxies, values: &[&str]) -> String {
        let name = match proxies.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_socket_alone_counts() {
        let none = TrustedProxies::default();
        assert_eq!(
            client("203.0.113.9", &none, &["198.51.100.1"]),
            "203.0.113.9"
        );
        assert_eq!(client("::ffff:203.0.113.9", &none, &[]), "203.0.113.9");
    }

    #[test]
    fn a_stranger_is_not_believed() {
        let proxies = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
        assert_eq!(
            client("203.0.113.9", &proxies, &["198.51.100.1"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn trusted_proxies_are_followed_from_the_last_to_the_client() {
        let proxies = TrustedProxies::new(["10.0.0.0/8", "192.0.2.7"]).unwrap();
        for (values, expected) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            (&["198.51.100.1", "192.0.2.7,10.1.1.1"], "198.51.100.1"),
            // What the client itself put in front is not believed.
            (&["1.1.1.1, 198.51.100.1, 10.1.1.1"], "198.51.100.1"),
            (&["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
            (&["198.51.100.1, unknown, 10.1.1.1"], "10.1.1.1"),
            (&[""], "10.0.0.1"),
            (&[], "10.0.0.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["198.51.100.1,"], "198.51.100.1"),
            (&["198.51.100.1, , 10.1.1.1"], "198.51.100.1"),
            (&[" ,198.51.100.1", ",, "], "198.51.100.1"),
            (&["é, 198.51.100.1, 10.1.1.1"], "198.51.100.1"),
        ] {
            assert_eq!(client("10.0.0.1", &proxies, values), expected, "{values:?}");
        }
    }

    #[test]
    fn the_forwarded_header_is_read_when_it_is_the_one_that_proxies_set() {
        let proxies = TrustedProxies::new(["10.0.0.0/8"])
            .unwrap()
            .with_header(ForwardedHeader::Forwarded);
        for (values, expected) in [
            (
                &["for=198.51.100.1;proto=https;by=10.0.0.1"][..],
                "198.51.100.1",
            ),
            (&["proto=https; For=\"[2001:db8::1]:4711\""], "2001:db8::1"),
            (&["for=\"[2001:db8::1]\", for=10.1.1.1"], "2001:db8::1"),
            (&["for=_hidden, for=10.1.1.1"], "10.1.1.1"),
            (&["proto=https"], "10.0.0.1"),
            (&["for=198.51.100.1;host=\"a,for=6.6.6.6\""], "198.51.100.1"),
            (
                &["for=198.51.100.1;host=\"a\\\",for=6.6.6.6\", for=10.1.1.1"],
                "198.51.100.1",
            ),
            (&["for=198.51.100.1;host=\"a, for=6.6.6.6"], "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &proxies, values), expected, "{values:?}");
        }
    }

    #[test]
    fn a_bad_network_is_named() {
        let error = TrustedProxies::new(["10.0.0.0/8", "10.0.0.0/33"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"10.0.0.0/33\" is neither a network nor an address"
        );
    }
}
