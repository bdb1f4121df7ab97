//! The span and the metric of an outgoing request, where something exports them.

use std::error::Error as _;
use std::time::Instant;

use http::Extensions;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute::{
    ERROR_TYPE, HTTP_RESPONSE_STATUS_CODE, NETWORK_PROTOCOL_VERSION,
};
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Result};
use telemetry_core::propagation;

use crate::attributes::{CANCELLED, OTHER, PANIC, method_name, protocol_version, span_name};
use crate::client::attributes;
use crate::client::instruments::{ClientInstruments, INSTRUMENTS};
use crate::client::template::UrlTemplate;

/// A request that is being recorded. Ends as cancelled when it is dropped before it has
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
#[derive(Default)]
struct Ending {
    /// Of few values.
    error_type: Option<String>,
    /// What the type does not say.
    error: Option<String>,
    status: Option<i64>,
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
        let attributes = attributes::of_both(request);
        // Only now: most requests are not sampled, and need none of it.
        if context.span().is_recording() {
            let of_span = attributes::of_span(request, template, resends);
            context.span().set_attributes(attributes.iter().cloned());
            context.span().set_attributes(of_span);
        }
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
            Ok(response) => Ending::of_response(response),
            Err(error) => Ending::of_error(error),
        });
    }

    fn end_as(&mut self, ending: Ending) {
        let Some(mut attributes) = self.attributes.take() else {
            return;
        };
        let seconds = self.started.elapsed().as_secs_f64();
        let known_before = attributes.len();
        if let Some(status) = ending.status {
            attributes.push(KeyValue::new(HTTP_RESPONSE_STATUS_CODE, status));
        }
        if let Some(version) = ending.version {
            attributes.push(KeyValue::new(NETWORK_PROTOCOL_VERSION, version));
        }
        let has_failed = ending.error_type.is_some();
        if let Some(error_type) = ending.error_type {
            attributes.push(KeyValue::new(ERROR_TYPE, error_type));
        }
        self.instruments.duration.record(seconds, &attributes);
        let span = self.context.span();
        if span.is_recording() {
            span.set_attributes(attributes.drain(known_before..));
            if has_failed {
                span.set_status(Status::error(ending.error.unwrap_or_default()));
            }
        }
        span.end();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        let error_type = if std::thread::panicking() {
            PANIC
        } else {
            CANCELLED
        };
        self.end_as(Ending {
            error_type: Some(error_type.to_owned()),
            ..Ending::default()
        });
    }
}

impl Ending {
    fn of_response(response: &Response) -> Self {
        let status = response.status();
        let is_error = status.is_client_error() || status.is_server_error();
        Self {
            error_type: is_error.then(|| status.as_str().to_owned()),
            error: None,
            status: Some(status.as_u16().into()),
            version: protocol_version(response.version()),
        }
    }

    fn of_error(error: &Error) -> Self {
        let status = error.status();
        let error_type = match &status {
            Some(status) => status.as_str(),
            None => class_of(error),
        };
        Self {
            error_type: Some(error_type.to_owned()),
            error: cause_of(error),
            status: status.map(|status| status.as_u16().into()),
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
        Error::Reqwest(_) => OTHER,
    }
}

/// The innermost cause, such as `Connection refused (os error 111)`. Not the error itself:
/// reqwest's shows the URL, with the secrets in it. What other middleware's shows is not known.
fn cause_of(error: &Error) -> Option<String> {
    let Error::Reqwest(error) = error else {
        return None;
    };
    let mut cause = error.source()?;
    while let Some(next) = cause.source() {
        cause = next;
    }
    Some(cause.to_string())
}
