//! What crosses with an outgoing request.

use http::{HeaderMap, HeaderName, HeaderValue, header::Entry};
use opentelemetry::Context;
use opentelemetry::propagation::Injector;
use opentelemetry::trace::TraceContextExt as _;
use reqwest::Request;
use telemetry_core::{Scope, Value, is_valid_request_id, names, propagation};

use crate::client::hosts::TrustedHosts;

const TRACE_HEADERS: [HeaderName; 2] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];
const BAGGAGE: HeaderName = HeaderName::from_static("baggage");

/// Writes the trace and the request id for anybody, and baggage for hosts that are trusted.
pub(super) fn inject(
    context: &Context,
    request: &mut Request,
    request_id_header: &HeaderName,
    trusted_hosts: &TrustedHosts,
) {
    let is_trusted = trusted_hosts.has(request.url());
    let headers = request.headers_mut();
    if context.span().span_context().is_valid() {
        // Both: a state of another trace must not stay beside ours.
        for name in &TRACE_HEADERS {
            headers.remove(name);
        }
    }
    if is_trusted {
        propagation::inject_trusted(context, &mut Headers(headers));
    } else {
        propagation::inject(context, &mut Headers(headers));
    }
    if let Entry::Vacant(entry) = headers.entry(request_id_header)
        && let Some(id) = request_id()
    {
        entry.insert(id);
    }
}

/// The id of the current request, if it is one that a peer takes over.
fn request_id() -> Option<HeaderValue> {
    match Scope::current()?.get(names::REQUEST_ID)? {
        Value::String(id) if is_valid_request_id(&id) => HeaderValue::try_from(id).ok(),
        _ => None,
    }
}

/// Headers as propagators write them.
struct Headers<'a>(&'a mut HeaderMap);

impl Injector for Headers<'_> {
    fn set(&mut self, key: &str, value: String) {
        let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value))
        else {
            return;
        };
        if name == BAGGAGE {
            // What the caller put there is for this host too.
            self.0.append(name, value);
        } else {
            self.0.insert(name, value);
        }
    }
}
