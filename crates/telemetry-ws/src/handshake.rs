//! What a handshake says about the connection that it begins.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::TraceContextExt as _;
use smallvec::SmallVec;
use telemetry_core::{
    FieldValue, RandomId, Scope, ValueEncoder, is_valid_request_id, names, propagation,
};
use telemetry_labels::{Id, Label, LabelExtractor};

/// The header of the request id.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Makes the scope of a connection: a snapshot of the current one, where the HTTP layer or the
/// application has opened one, and what that lacks as the request says it.
pub(crate) fn open_scope(labels: &LabelExtractor, path: &str, headers: &HeaderMap) -> Scope {
    let has_trace = Context::map_current(|context| context.span().span_context().is_valid());
    let trace = if has_trace {
        None
    } else {
        propagation::extract(&Headers(headers))
    };
    let attached = trace.map(Context::attach);
    let scope = Scope::snapshot();
    drop(attached);
    scope.bind(names::WS_CONN_ID, RandomId::new());
    if scope.get(names::REQUEST_ID).is_none() {
        match headers.get(REQUEST_ID).map(HeaderValue::as_bytes) {
            Some(id) if is_valid_request_id(id) => {
                scope.bind(
                    names::REQUEST_ID,
                    std::str::from_utf8(id).unwrap_or_default(),
                );
            }
            _ => scope.bind(names::REQUEST_ID, RandomId::new()),
        }
    }
    if scope.get(names::LABELS).is_none() {
        bind_labels(&scope, labels, path);
    }
    scope
}

/// Says whether something else follows the request, and tells the client its id.
#[cfg(feature = "axum")]
pub(crate) fn is_followed() -> bool {
    Scope::current().is_some_and(|scope| scope.get(names::REQUEST_ID).is_some())
}

/// Tells the client the id of its request.
pub(crate) fn set_request_id(headers: &mut HeaderMap, scope: &Scope) {
    let id = scope.get(names::REQUEST_ID);
    if let Some(Ok(id)) = id
        .as_ref()
        .and_then(|id| id.as_str())
        .map(HeaderValue::from_str)
    {
        headers.insert(REQUEST_ID, id);
    }
}

fn bind_labels(scope: &Scope, extractor: &LabelExtractor, path: &str) {
    let mut labels = SmallVec::<[Label<'_>; 8]>::new();
    labels.extend(extractor.extract(path));
    if labels.is_empty() {
        return;
    }
    scope.bind(names::LABELS, LabelNames(&labels));
    for id in labels.iter().filter_map(|label| label.id) {
        match id.value {
            Id::Integer(value) => scope.bind(id.key, value),
            Id::Text(value) => scope.bind(id.key, value),
        }
    }
}

struct LabelNames<'a>(&'a [Label<'a>]);

impl FieldValue for LabelNames<'_> {
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.list(self.0.iter().map(|label| label.name));
    }
}

/// Headers as propagators read them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        // One that is not text is there all the same: a second `traceparent` of any kind makes
        // the first worth nothing. A lone `=` is not valid in any header that is read.
        let values = self.0.get_all(key).iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap_or("=")).collect();
        (!values.is_empty()).then_some(values)
    }
}
