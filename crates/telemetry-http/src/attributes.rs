//! What the attributes of requests that come in and of those that go out have in common.

use std::borrow::Cow;

use http::{Method, Version};

/// What a method is called that the conventions do not know.
pub(crate) const OTHER: &str = "_OTHER";

/// The methods of RFC 9110 and RFC 5789. All others are one, so that a client cannot make
/// up time series.
pub(crate) fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ];
    let known = KNOWN.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or(OTHER)
}

/// The scheme of a request that came in. There are no others, so that a client cannot make up time
/// series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// Reads what a proxy says. The handshake of a WebSocket is a request of HTTP.
    pub(crate) fn from_proto(proto: &str) -> Option<Self> {
        const KNOWN: [(&str, Scheme); 4] = [
            ("https", Scheme::Https),
            ("http", Scheme::Http),
            ("wss", Scheme::Https),
            ("ws", Scheme::Http),
        ];
        let mut known = KNOWN.into_iter();
        let known = known.find(|(known, _)| known.eq_ignore_ascii_case(proto));
        known.map(|(_, scheme)| scheme)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// The name of a span: never with a path in it, which would be one name for each.
pub(crate) fn span_name(method: &'static str, template: Option<&str>) -> Cow<'static, str> {
    let method = if method == OTHER { "HTTP" } else { method };
    match template {
        // Unlike `format!`, without machinery.
        Some(template) => [method, " ", template].concat().into(),
        None => method.into(),
    }
}

pub(crate) fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The address of a host, which has brackets in a URL when it is of IPv6.
pub(crate) fn without_brackets(host: &str) -> &str {
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    inner.unwrap_or(host)
}
