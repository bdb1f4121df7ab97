//! The span and the metric of an outgoing request, where something exports them.

use std::time::Instant;

use http::{Extensions, StatusCode};
use opentelemetry::trace::{SpanBuilder, SpanKind, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    HTTP_RESPONSE_STATUS_CODE, NETWORK_PROTOCOL_VERSION,
};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Result};
use telemetry_core::{Failure, error_chain, propagation};

use crate::attributes::{method_name, protocol_version, span_name};
use crate::client::attributes;
use crate::client::instruments::{ClientInstruments, INSTRUMENTS};
use crate::client::template::UrlTemplate;

/// A request that is being recorded. Ends without a failure when its caller drops it before it has
/// ended otherwise.
#[derive(Debug)]
pub(super) struct Recording {
    instruments: &'static ClientInstruments,
    /// Has the client span.
    pub(super) context: Context,
    started: Instant,
    /// Those of the metric. Taken when the request ends.
    attributes: Option<Vec<KeyValue>>,
}

/// How often a request has been sent. Left in its extensions, which middleware that sends
/// again hands on.
#[derive(Clone, Copy, Default)]
struct Sent(u32);

/// How a request ended.
struct Ending {
    failure: Option<Failure>,
    status: Option<StatusCode>,
    version: Option<&'static str>,
}

impl Recording {
    /// Starts the client span; `None` when nothing exports.
    pub(super) fn start(request: &Request, extensions: &mut Extensions) -> Option<Self> {
        let instruments = INSTRUMENTS.get()?;
        let sent = extensions.get_or_insert_default::<Sent>();
        let resends = sent.0;
        sent.0 = resends.saturating_add(1);
        let template = extensions.get::<UrlTemplate>();
        let name = span_name(
            method_name(request.method()),
            template.map(UrlTemplate::as_str),
        );
        let parent = propagation::current().unwrap_or_default();
        let builder = SpanBuilder::from_name(name).with_kind(SpanKind::Client);
        let span = instruments.tracer.build_with_context(builder, &parent);
        let context = parent.with_span(span);
        let mut attributes = attributes::of_both(request);
        // Only now: most requests are not sampled, and need none of it.
        if context.span().is_recording() {
            let of_span = attributes::of_span(request, template, resends);
            context.span().set_attributes(attributes.iter().cloned());
            context.span().set_attributes(of_span);
        }
        attributes::bound(&mut attributes);
        Some(Self {
            instruments,
            context,
            started: Instant::now(),
            attributes: Some(attributes),
        })
    }

    /// Ends the span and records the metric.
    pub(super) fn end(mut self, result: &Result<Response>) {
        self.end_as(match result {
            Ok(response) => Ending::from_response(response),
            Err(error) => Ending::from_error(error),
        });
    }

    fn end_as(&mut self, ending: Ending) {
        let Some(mut attributes) = self.attributes.take() else {
            return;
        };
        let seconds = self.started.elapsed().as_secs_f64();
        let known_before = attributes.len();
        if let Some(status) = ending.status {
            let status = i64::from(status.as_u16());
            attributes.push(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, status));
        }
        if let Some(version) = ending.version {
            attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
        }
        let of_span = attributes.len();
        attributes.extend(ending.failure.as_ref().map(Failure::attribute));
        self.instruments.duration.record(seconds, &attributes);
        let span = self.context.span();
        if span.is_recording() {
            span.set_attributes(attributes.drain(known_before..of_span));
            if let Some(failure) = ending.failure {
                failure.mark(&span);
            }
        }
        span.end();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end_as(Ending {
            failure: Failure::dropped(),
            status: None,
            version: None,
        });
    }
}

impl Ending {
    fn from_response(response: &Response) -> Self {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        Self {
            failure: is_error.then(|| Failure::new(status.as_str().to_owned())),
            status: Some(status),
            version: protocol_version(response.version()),
        }
    }

    fn from_error(error: &Error) -> Self {
        let status = error.status();
        let mut failure = match &status {
            Some(status) => Failure::new(status.as_str().to_owned()),
            None => Failure::new(class_of(error)),
        };
        if let Some(cause) = cause_of(error) {
            failure = failure.with_error(cause);
        }
        Self {
            failure: Some(failure),
            status,
            version: None,
        }
    }
}

/// The class of an error before there was a status. What is more special comes first: a
/// connection that takes too long is a `timeout`.
fn class_of(error: &Error) -> &'static str {
    match error {
        Error::Middleware(_) => "middleware",
        Error::Reqwest(error) if error.is_timeout() => "timeout",
        Error::Reqwest(error) if error.is_connect() => "connect",
        Error::Reqwest(error) if error.is_redirect() => "redirect",
        Error::Reqwest(error) if error.is_body() => "body",
        Error::Reqwest(error) if error.is_request() => "request",
        Error::Reqwest(_) => Failure::OTHER,
    }
}

/// The innermost cause, such as `Connection refused (os error 111)`. Not the error itself:
/// reqwest's shows the URL, with the secrets in it. What other middleware's shows is not known.
fn cause_of(error: &Error) -> Option<&(dyn std::error::Error + 'static)> {
    let Error::Reqwest(error) = error else {
        return None;
    };
    error_chain::causes(error).last()
}
