//! The attributes of server requests, by the stable semantic conventions.

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Request, header};
use opentelemetry::KeyValue;
use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION, SERVER_ADDRESS, SERVER_PORT, URL_PATH, URL_QUERY, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};
use telemetry_core::ClientIp;

use crate::attributes::{OTHER, method_name, protocol_version, without_brackets};
use crate::query;

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

pub(super) fn scheme<B>(request: &Request<B>) -> &'static str {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        "https"
    } else {
        "http"
    }
}

/// What is known of a request at its start, for a span that is recorded.
pub(super) fn of_request<B>(
    request: &Request<B>,
    route: Option<&str>,
    client: Option<ClientIp>,
    with_query: bool,
) -> Vec<KeyValue> {
    let method = method_name(request.method());
    let mut attributes = Vec::with_capacity(12);
    attributes.push(KeyValue::new(HTTP_REQUEST_METHOD, method));
    if method == OTHER {
        let original = request.method().as_str().to_owned();
        attributes.push(KeyValue::new(HTTP_REQUEST_METHOD_ORIGINAL, original));
    }
    attributes.push(KeyValue::new(URL_SCHEME, scheme(request)));
    attributes.push(KeyValue::new(URL_PATH, request.uri().path().to_owned()));
    if let Some(query) = request.uri().query().filter(|_| with_query) {
        attributes.push(KeyValue::new(URL_QUERY, query::redacted(query)));
    }
    if let Some(route) = route {
        attributes.push(KeyValue::new(HTTP_ROUTE, route.to_owned()));
    }
    if let Some(version) = protocol_version(request.version()) {
        attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
    }
    if let Some(authority) = authority(request) {
        let address = without_brackets(authority.host()).to_owned();
        attributes.push(KeyValue::new(SERVER_ADDRESS, address));
        if let Some(port) = authority.port_u16() {
            attributes.push(KeyValue::new(SERVER_PORT, i64::from(port)));
        }
    }
    if let Some(client) = client {
        attributes.push(KeyValue::new(CLIENT_ADDRESS, client.to_string()));
    }
    if let Some(agent) = text(request.headers(), &header::USER_AGENT) {
        attributes.push(KeyValue::new(USER_AGENT_ORIGINAL, agent.to_owned()));
    }
    attributes
}

/// The host and port that the client asked for.
fn authority<B>(request: &Request<B>) -> Option<Authority> {
    let stated = request.uri().authority().cloned();
    stated.or_else(|| text(request.headers(), &header::HOST)?.parse().ok())
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
