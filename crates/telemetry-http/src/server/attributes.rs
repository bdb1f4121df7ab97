//! The attributes of server requests, by the stable semantic conventions.

use std::borrow::Cow;
use std::cell::RefCell;
use std::sync::Arc;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Request, Uri, header};
use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION, SERVER_ADDRESS, SERVER_PORT, URL_PATH, URL_QUERY, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};
use telemetry_core::{ClientIp, client_value, mask_query};

use crate::attributes::{OTHER, method_name, protocol_version, without_brackets};

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

pub(super) fn scheme(target: &Uri) -> &'static str {
    if target.scheme() == Some(&Scheme::HTTPS) {
        "https"
    } else {
        "http"
    }
}

/// Adds what is known of a request at its start, for a span that is recorded.
pub(super) fn add_of_request<B>(
    attributes: &mut Vec<KeyValue>,
    request: &Request<B>,
    target: &Uri,
    route: Option<Cow<'static, str>>,
    client: Option<ClientIp>,
    with_query: bool,
) {
    let method = method_name(request.method());
    attributes.push(KeyValue::new(HTTP_REQUEST_METHOD, method));
    if method == OTHER {
        let original = chosen(request.method().as_str());
        attributes.push(KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, original));
    }
    attributes.push(KeyValue::new(URL_SCHEME, scheme(target)));
    attributes.push(KeyValue::new(URL_PATH, chosen(target.path())));
    if let Some(query) = target.query().filter(|_| with_query) {
        attributes.push(KeyValue::new(URL_QUERY, chosen(&mask_query(query))));
    }
    if let Some(route) = route {
        attributes.push(KeyValue::new(HTTP_ROUTE, route));
    }
    if let Some(version) = protocol_version(request.version()) {
        attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
    }
    if let Some(host) = Host::of(target, request.headers()) {
        attributes.push(KeyValue::new(SERVER_ADDRESS, host.address));
        if let Some(port) = host.port {
            attributes.push(KeyValue::new(SERVER_PORT, i64::from(port)));
        }
    }
    if let Some(client) = client {
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
    fn of(target: &Uri, headers: &HeaderMap) -> Option<Self> {
        let text = match target.authority() {
            Some(authority) => authority.as_str().as_bytes(),
            None => headers.get(header::HOST)?.as_bytes(),
        };
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
        Some(Self {
            address: client_value(without_brackets(authority.host())).into(),
            port: authority.port_u16(),
        })
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
