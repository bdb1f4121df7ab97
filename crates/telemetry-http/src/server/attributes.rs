//! The attributes of server requests, by the stable semantic conventions.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use http::uri::{self, Authority};
use http::{HeaderMap, Request, header};
use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION, SERVER_ADDRESS, SERVER_PORT, URL_PATH, URL_QUERY, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};
use telemetry_core::{client_value, mask_query};

use crate::attributes::{OTHER, Scheme, method_name, protocol_version, without_brackets};
use crate::server::Origin;

/// Those that a request has at its start. What is said there wins over fields of the context.
pub(super) const OF_REQUEST: [&str; 11] = [
    CLIENT_ADDRESS,
    HTTP_REQUEST_METHOD,
    HTTP_REQUEST_METHOD_ORIGINAL,
    HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION,
    SERVER_ADDRESS,
    SERVER_PORT,
    URL_PATH,
    URL_QUERY,
    URL_SCHEME,
    USER_AGENT_ORIGINAL,
];

/// The scheme of a request: by the proxy that the client sent it to, by the connection, or by the
/// target.
pub(super) fn scheme(origin: &Origin<'_>) -> Scheme {
    let is_https = || origin.target.scheme() == Some(&uri::Scheme::HTTPS);
    let of_target = || {
        if is_https() {
            Scheme::Https
        } else {
            Scheme::Http
        }
    };
    origin.caller.scheme().unwrap_or_else(of_target)
}

/// Adds what is known of a request at its start, for a span that is recorded.
pub(super) fn add_of_request<B>(
    attributes: &mut Vec<KeyValue>,
    request: &Request<B>,
    origin: &Origin<'_>,
    scheme: Scheme,
    route: Option<Cow<'static, str>>,
) {
    let target = origin.target;
    let method = method_name(request.method());
    attributes.push(KeyValue::new(HTTP_REQUEST_METHOD, method));
    if method == OTHER {
        let original = chosen(request.method().as_str());
        attributes.push(KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, original));
    }
    attributes.push(KeyValue::new(URL_SCHEME, scheme.as_str()));
    attributes.push(KeyValue::new(URL_PATH, chosen(target.path())));
    if let Some(query) = target.query().filter(|_| origin.with_query) {
        attributes.push(KeyValue::new(URL_QUERY, chosen(&mask_query(query))));
    }
    if let Some(route) = route {
        attributes.push(KeyValue::new(HTTP_ROUTE, route));
    }
    if let Some(version) = protocol_version(request.version()) {
        attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
    }
    if let Some(host) = Host::of(origin, request.headers()) {
        attributes.push(KeyValue::new(SERVER_ADDRESS, host.address));
        if let Some(port) = host.port {
            attributes.push(KeyValue::new(SERVER_PORT, i64::from(port)));
        }
    }
    if let Some(client) = origin.caller.client.filter(|_| origin.with_client) {
        attributes.push(KeyValue::new(CLIENT_ADDRESS, client.to_string()));
    }
    if let Some(agent) = text(request.headers(), &header::USER_AGENT) {
        attributes.push(KeyValue::new(USER_AGENT_ORIGINAL, chosen(agent)));
    }
}

/// A value that the client chose, no longer than a span may have it.
fn chosen(value: &str) -> String {
    client_value(value).into_owned()
}

/// The host that the client asked for.
#[derive(Clone)]
struct Host {
    address: Arc<str>,
    port: Option<u16>,
}

thread_local! {
    /// The last one, and how it was written: most servers have few names.
    static LAST_HOST: RefCell<Option<(Box<[u8]>, Host)>> = const { RefCell::new(None) };
}

impl Host {
    /// The host that a proxy received; else that of the target, or of the header.
    fn of(origin: &Origin<'_>, headers: &HeaderMap) -> Option<Self> {
        let forwarded = origin.caller.host();
        let forwarded = forwarded.and_then(|host| Self::cached(host.as_bytes()));
        forwarded.or_else(|| match origin.target.authority() {
            Some(authority) => Self::cached(authority.as_str().as_bytes()),
            None => Self::cached(headers.get(header::HOST)?.as_bytes()),
        })
    }

    fn cached(text: &[u8]) -> Option<Self> {
        LAST_HOST
            .try_with(|last| {
                let mut last = last.try_borrow_mut().ok()?;
                match &*last {
                    Some((last_text, host)) if **last_text == *text => Some(host.clone()),
                    _ => {
                        let host = Self::parse(text)?;
                        *last = Some((text.into(), host.clone()));
                        Some(host)
                    }
                }
            })
            .unwrap_or_else(|_| Self::parse(text))
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let authority = Authority::try_from(text).ok()?;
        let is_named = !authority.host().is_empty();
        is_named.then(|| Self {
            address: client_value(without_brackets(authority.host())).into(),
            port: authority.port_u16(),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
