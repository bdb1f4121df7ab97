//! The attributes of server requests, by the stable semantic conventions.

use http::uri::Scheme;
use http::{HeaderMap, Method, Request, Version, header};
use opentelemetry::{Array, KeyValue, StringValue, Value as OtelValue};
use opentelemetry_semantic_conventions::attribute::{
    CLIENT_ADDRESS, HTTP_REQUEST_METHOD, HTTP_REQUEST_METHOD_ORIGINAL, HTTP_ROUTE,
    NETWORK_PROTOCOL_VERSION, SERVER_ADDRESS, SERVER_PORT, URL_PATH, URL_QUERY, URL_SCHEME,
    USER_AGENT_ORIGINAL,
};
use telemetry_core::{ClientIp, Value};

use crate::query;

/// What a method is called that the conventions do not know.
const OTHER: &str = "_OTHER";

/// The methods of RFC 9110 and RFC 5789. All others are one, so that a client cannot make
/// up time series.
pub(super) fn method_name(method: &Method) -> &'static str {
    const KNOWN: [&str; 9] = [
        "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "TRACE",
    ];
    let known = KNOWN.iter().find(|known| **known == method.as_str());
    known.copied().unwrap_or(OTHER)
}

pub(super) fn scheme<B>(request: &Request<B>) -> &'static str {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        "https"
    } else {
        "http"
    }
}

pub(super) fn protocol_version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_09 => Some("0.9"),
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        Version::HTTP_3 => Some("3"),
        _ => None,
    }
}

/// The name of a server span: never with a path in it, which would be one name for each.
pub(super) fn span_name(method: &'static str, route: Option<&str>) -> String {
    let method = if method == OTHER { "HTTP" } else { method };
    match route {
        Some(route) => format!("{method} {route}"),
        None => method.to_owned(),
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
    if let Some((host, port)) = host(request) {
        attributes.push(KeyValue::new(SERVER_ADDRESS, host.to_owned()));
        if let Some(port) = port {
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

/// A field of the context as an attribute. OTLP has no integer above `i64::MAX`.
pub(super) fn of_field(key: String, value: Value) -> KeyValue {
    let value = match value {
        Value::Bool(value) => OtelValue::Bool(value),
        Value::I64(value) => OtelValue::I64(value),
        Value::U64(value) => OtelValue::String(value.to_string().into()),
        Value::F64(value) => OtelValue::F64(value),
        Value::String(value) => OtelValue::String(value.into()),
        Value::List(values) => {
            let values = values.into_iter().map(StringValue::from);
            OtelValue::Array(Array::String(values.collect()))
        }
    };
    KeyValue::new(key, value)
}

/// The host and port that the client asked for.
fn host<B>(request: &Request<B>) -> Option<(&str, Option<u16>)> {
    if let Some(host) = request.uri().host() {
        return Some((host, request.uri().port_u16()));
    }
    let host = text(request.headers(), &header::HOST)?;
    match host.rsplit_once(':') {
        // An IPv6 address without a port ends with its bracket.
        Some((name, port)) if !host.ends_with(']') => Some((name, port.parse().ok())),
        _ => Some((host, None)),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &header::HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
