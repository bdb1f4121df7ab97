//! What an application can add to the life of a request.

use std::time::Duration;

use bytes::Bytes;
use http::{Extensions, HeaderMap, Method, Response, StatusCode, Uri};
use telemetry_core::Scope;
use telemetry_core::panic::Panic;

/// Called at the stages of a request, with its scope current. Every method does nothing by
/// default. Set by [`with_hooks`](crate::HttpTelemetryLayer::with_hooks).
///
/// ```
/// use telemetry_core::Scope;
/// use telemetry_http::{HttpHooks, HttpTelemetryLayer, RequestHead};
///
/// struct Tenant;
///
/// impl HttpHooks for Tenant {
///     fn on_request(&self, request: &RequestHead<'_>, scope: &Scope) {
///         if let Some(Ok(host)) = request.headers.get("host").map(|host| host.to_str()) {
///             scope.bind("tenant", host.split('.').next().unwrap_or(host));
///         }
///     }
/// }
///
/// let layer = HttpTelemetryLayer::new().with_hooks(Tenant);
/// ```
///
/// A hook that panics costs the request what a panicking handler costs it, up to the
/// response; later, its panic is caught.
pub trait HttpHooks: Send + Sync + 'static {
    /// Called before the inner service. What is bound to `scope` is on every line of the
    /// request.
    fn on_request(&self, request: &RequestHead<'_>, scope: &Scope) {
        let (_, _) = (request, scope);
    }

    /// Called when the inner service has answered, before the body.
    fn on_response(&self, response: &ResponseHead<'_>, scope: &Scope) {
        let (_, _) = (response, scope);
    }

    /// Makes the response to a request whose handling panicked; by default a 500 with an
    /// empty body. The request id is added to it.
    fn panic_response(&self, panic: &Panic) -> Option<Response<Bytes>> {
        let _ = panic;
        None
    }

    /// Called once when the request has ended, before its completion line is written.
    fn on_end(&self, end: &RequestEnd, scope: &Scope) {
        let (_, _) = (end, scope);
    }
}

/// A request without its body.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a Method,
    /// The target as the client sent it, with the query string: in a nested router too.
    pub uri: &'a Uri,
    /// The headers, with the request id that lines have.
    pub headers: &'a HeaderMap,
    /// The extensions.
    pub extensions: &'a Extensions,
}

/// A response without its body.
#[derive(Clone, Copy, Debug)]
pub struct ResponseHead<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The extensions.
    pub extensions: &'a Extensions,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RequestEnd {
    /// In what way.
    pub outcome: Outcome,
    /// The status of the response; `None` when the client went away before it.
    pub status: Option<StatusCode>,
    /// From the call of the service to the end of the body.
    pub duration: Duration,
    /// The bytes of the body that were handed on.
    pub body_bytes: u64,
}

/// In what way a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The response went out whole, with a status below 500, without a status of gRPC that is an error
    /// of the server, and without an error that [marks] the request as failed.
    ///
    /// [marks]: crate::RecordedError::failing
    Completed,
    /// A status of 500 or above, a status of gRPC that is an error of the server, a panic, an error of
    /// the service or of the body, or a [`RecordedError`](crate::RecordedError) that marks the request
    /// as failed.
    Failed,
    /// The client went away before the body ended.
    Cancelled,
}
