//! Whose pages may connect.

use std::fmt;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri, header};

/// Says whose pages may connect: browsers let any page open a WebSocket to any host, with the
/// user's cookies, and tell by `Origin` whose page it is (RFC 6455, section 10.2).
///
/// By default it is those of the host that is asked for, as the `Host` header has it. Behind a
/// proxy that changes that header, name the hosts. The scheme is compared where it is named.
///
/// ```
/// use telemetry_ws::AllowedOrigins;
///
/// # fn main() -> Result<(), telemetry_ws::AllowedOriginsError> {
/// let origins = AllowedOrigins::hosts(["dtx.example", "https://*.dtx.example", "localhost:5173"])?;
/// # Ok(())
/// # }
/// ```
///
/// What is no browser sends no `Origin`, and may connect unless
/// [`require_origin`](Self::require_origin) says otherwise. The origin `null`, of pages that
/// have none, is foreign.
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins {
    which: Which,
    is_required: bool,
}

#[derive(Clone, Debug, Default)]
enum Which {
    #[default]
    Same,
    Any,
    Hosts(Vec<Pattern>),
}

/// An origin, or all those of the subdomains of a host.
#[derive(Clone, Debug)]
struct Pattern {
    scheme: Option<Scheme>,
    /// In lower case, without `*.`.
    host: String,
    port: Option<u16>,
    are_subdomains: bool,
}

/// Where a page is from: RFC 6454.
#[derive(Debug)]
struct Origin {
    scheme: Scheme,
    /// In lower case.
    host: String,
    port: Option<u16>,
}

impl AllowedOrigins {
    /// Allows pages from the host that is asked for, which is the default.
    #[must_use]
    pub fn same() -> Self {
        Self::default()
    }

    /// Allows everybody's pages. For endpoints that do not go by cookies.
    #[must_use]
    pub fn any() -> Self {
        Self {
            which: Which::Any,
            is_required: false,
        }
    }

    /// Allows pages from these hosts: `dtx.example`, with the scheme's own port;
    /// `localhost:5173`; `*.dtx.example` for the subdomains, which leaves out the domain
    /// itself. With a scheme in front, such as `https://`, from that scheme alone.
    ///
    /// # Errors
    ///
    /// When one of them is no host; the error names it.
    pub fn hosts<S: AsRef<str>>(
        hosts: impl IntoIterator<Item = S>,
    ) -> Result<Self, AllowedOriginsError> {
        let hosts = hosts.into_iter().map(|host| {
            let host = host.as_ref();
            Pattern::parse(host).ok_or_else(|| AllowedOriginsError(host.to_owned()))
        });
        Ok(Self {
            which: Which::Hosts(hosts.collect::<Result<_, _>>()?),
            is_required: false,
        })
    }

    /// Refuses who sends no `Origin`, which all browsers do.
    #[must_use]
    pub fn require_origin(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Says whether a request may become a connection.
    pub(crate) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return !self.is_required;
        };
        if matches!(self.which, Which::Any) {
            return true;
        }
        let origin = origin.to_str().ok().and_then(Origin::parse);
        // There is one; a second is somebody's trick.
        let Some(origin) = origin.filter(|_| origins.next().is_none()) else {
            return false;
        };
        match &self.which {
            Which::Any => true,
            Which::Same => target(uri, headers).is_some_and(|target| origin.is_at(&target)),
            Which::Hosts(patterns) => patterns.iter().any(|pattern| pattern.is_met(&origin)),
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (Some(scheme.parse().ok()?), rest),
            None => (None, text),
        };
        let (are_subdomains, rest) = match rest.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let (host, port) = host_and_port(rest)?;
        Some(Self {
            scheme,
            host,
            port,
            are_subdomains,
        })
    }

    fn is_met(&self, origin: &Origin) -> bool {
        let is_scheme = self.scheme.as_ref().is_none_or(|one| *one == origin.scheme);
        let port = self.port.or_else(|| default_port(&origin.scheme));
        let is_host = if self.are_subdomains {
            let subdomain = origin.host.strip_suffix(&self.host);
            subdomain.is_some_and(|subdomain| subdomain.len() > 1 && subdomain.ends_with('.'))
        } else {
            origin.host == self.host
        };
        is_scheme && is_host && origin.port() == port
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (host, port) = host_and_port(rest)?;
        Some(Self {
            scheme: scheme.parse().ok()?,
            host,
            port,
        })
    }

    fn port(&self) -> Option<u16> {
        self.port.or_else(|| default_port(&self.scheme))
    }

    /// Says whether it is the origin of a host that is asked for. By what scheme that was, is
    /// not known behind a proxy.
    fn is_at(&self, target: &Authority) -> bool {
        let port = target.port_u16().or_else(|| default_port(&self.scheme));
        target.host().eq_ignore_ascii_case(&self.host) && port == self.port()
    }
}

/// Why a list of origins could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOriginsError(String);

impl fmt::Display for AllowedOriginsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is neither a host nor an origin", self.0)
    }
}

impl std::error::Error for AllowedOriginsError {}

/// The host and port that the client asked for.
fn target(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    let stated = uri.authority().cloned();
    stated.or_else(|| headers.get(header::HOST)?.to_str().ok()?.parse().ok())
}

/// Reads `host` and `host:port`, and nothing that has more to it.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let authority: Authority = text.parse().ok()?;
    let is_host = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    let host = authority.host();
    if host.is_empty() || !text.chars().all(is_host) {
        return None;
    }
    let port = match text.strip_prefix(host)? {
        "" => None,
        port => Some(port.strip_prefix(':')?.parse().ok()?),
    };
    Some((host.to_ascii_lowercase(), port))
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
