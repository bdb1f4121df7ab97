//! A service that is called and calls others, as the test suite of W3C Trace Context has it:
//! it continues the trace that comes in with a span of its own.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{SpanContext, TraceContextExt as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use telemetry_core::propagation::TraceContext;

pub(crate) const TRACE: &str = "12345678901234567890123456789012";
pub(crate) const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-00";

/// Headers as HTTP has them: several of one name, in order, whatever the case.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    pub(crate) fn of(headers: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self(headers.iter().map(owned).collect())
    }

    /// The one header of this name; empty when there is none.
    #[track_caller]
    pub(crate) fn one(&self, name: &str) -> &str {
        let values = self.get_all(name).unwrap_or_default();
        assert!(values.len() <= 1, "{self:?}");
        values.first().copied().unwrap_or_default()
    }
}

impl Extractor for Headers {
    fn get(&self, key: &str) -> Option<&str> {
        self.get_all(key)?.first().copied()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    fn get_all(&self, key: &str) -> Option<Vec<&str>> {
        let of_name = self
            .0
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(key));
        let values: Vec<_> = of_name.map(|(_, value)| value.as_str()).collect();
        (!values.is_empty()).then_some(values)
    }
}

impl Injector for Headers {
    fn set(&mut self, key: &str, value: String) {
        self.0.retain(|(name, _)| !name.eq_ignore_ascii_case(key));
        self.0.push((key.to_owned(), value));
    }
}

/// What the service sends.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) trace_id: String,
    pub(crate) parent_id: String,
    pub(crate) flags: String,
    pub(crate) state: String,
}

/// Calls the service once, and has it call another.
#[track_caller]
pub(crate) fn call(headers: &[(&str, &str)]) -> Sent {
    call_for(headers, 1).remove(0)
}

/// Calls the service once, and has it call others.
#[track_caller]
pub(crate) fn call_for(headers: &[(&str, &str)], calls: usize) -> Vec<Sent> {
    let tracer = SdkTracerProvider::builder().build().tracer("service");
    let parent = extract(headers);
    let server = parent.with_span(tracer.start_with_context("server", &parent));
    (0..calls)
        .map(|_| {
            let client = server.with_span(tracer.start_with_context("client", &server));
            let mut sent = Headers::default();
            TraceContext.inject_context(&client, &mut sent);
            read(&sent)
        })
        .collect()
}

/// What the service takes from a call.
pub(crate) fn extract(headers: &[(&str, &str)]) -> Context {
    TraceContext.extract_with_context(&Context::new(), &Headers::of(headers))
}

/// The span that a call comes from.
pub(crate) fn caller(headers: &[(&str, &str)]) -> SpanContext {
    extract(headers).span().span_context().clone()
}

/// Checks that a call continues the trace it has in its `traceparent`.
#[track_caller]
pub(crate) fn assert_continued(traceparent: &str) {
    assert_eq!(
        call(&[("traceparent", traceparent)]).trace_id,
        TRACE,
        "{traceparent:?}"
    );
}

/// Checks that a call begins a new trace.
#[track_caller]
pub(crate) fn assert_restarted(traceparent: &str) {
    let headers = [("traceparent", traceparent), ("tracestate", "foo=1")];
    assert!(!caller(&headers).is_valid(), "{traceparent:?}");
    let sent = call(&headers);
    assert!(!traceparent.contains(&sent.trace_id), "{traceparent:?}");
    assert_eq!(sent.state, "", "no tracestate without its traceparent");
}

/// The `tracestate` that is sent on when these came in with a valid `traceparent`, which
/// they never harm.
#[track_caller]
pub(crate) fn state_of(states: &[&str]) -> String {
    let mut headers = vec![("traceparent", PARENT)];
    headers.extend(states.iter().map(|state| ("tracestate", *state)));
    let sent = call(&headers);
    assert_eq!(sent.trace_id, TRACE);
    sent.state
}

#[track_caller]
fn read(sent: &Headers) -> Sent {
    let fields: Vec<_> = sent.one("traceparent").split('-').collect();
    let [version, trace_id, parent_id, flags] = fields[..] else {
        panic!("{sent:?}");
    };
    let is_id = |id: &str, length| {
        id.len() == length
            && id
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && id.bytes().any(|byte| byte != b'0')
    };
    assert!(
        version == "00" && is_id(trace_id, 32) && is_id(parent_id, 16),
        "{sent:?}"
    );
    assert_eq!(flags.len(), 2, "{sent:?}");
    assert!(
        sent.get("tracestate") != Some(""),
        "no empty header is sent"
    );
    Sent {
        trace_id: trace_id.to_owned(),
        parent_id: parent_id.to_owned(),
        flags: flags.to_owned(),
        state: sent.one("tracestate").to_owned(),
    }
}
