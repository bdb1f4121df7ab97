//! Outgoing requests: their span, their metric, and what crosses with them.

mod attributes;
mod hosts;
mod instruments;
mod propagation;
mod recording;
mod template;

use async_trait::async_trait;
use http::{Extensions, HeaderName};
use opentelemetry::Context;
use reqwest::redirect::Policy;
use reqwest::{Request, Response};
use reqwest_middleware::{Error, Middleware, Next};
use telemetry_core::instrument;

pub use hosts::TrustedHostsError;
pub use template::UrlTemplate;

use crate::client::hosts::TrustedHosts;
use crate::client::recording::Recording;
use crate::request_id;

/// Follows the requests that a [reqwest](https://docs.rs/reqwest) client sends. Needs the
/// feature `client`.
///
/// ```no_run
/// # fn main() -> Result<(), telemetry_http::TrustedHostsError> {
/// use telemetry_http::HttpClientTelemetry;
///
/// let client = reqwest_middleware::ClientBuilder::new(reqwest::Client::new())
///     .with(HttpClientTelemetry::new().with_trusted_hosts(["api.internal"])?)
///     .build();
/// # Ok(())
/// # }
/// ```
///
/// Each request gets a client span beneath the span that is current, and a measurement of
/// `http.client.request.duration`, as far as something exports. It carries on:
///
/// - the trace, as `traceparent` and `tracestate`, to any host: of the client span, or of
///   the current scope when nothing exports. They replace those that the request has.
/// - `request.id` of the current scope, as `X-Request-ID`, to any host, unless the request
///   has that header.
/// - `request.id`, `user.id` and `labels` of the current scope, as `baggage`, to
///   [trusted hosts](Self::with_trusted_hosts) alone, beside that which the request has.
///
/// Span and measurement end with the head of the response, as the semantic conventions
/// allow; what the body takes is not in them. A caller that drops the future before makes no error
/// of it: the status of the span stays unset, and there is no `error.type`. A status of 400 or above
/// is an error of a client span. No line is written.
///
/// Add it last, so that it is beneath middleware that sends again: each attempt is then a
/// span, with its number as `http.request.resend_count`. What reqwest itself follows, such
/// as redirects, is within one span.
#[derive(Clone, Debug)]
#[must_use = "middleware does nothing until a client has it"]
pub struct HttpClientTelemetry {
    request_id_header: HeaderName,
    trusted_hosts: TrustedHosts,
}

impl HttpClientTelemetry {
    /// Makes middleware that trusts no host, with the `X-Request-ID` header.
    pub fn new() -> Self {
        Self {
            request_id_header: request_id::DEFAULT_HEADER,
            trusted_hosts: TrustedHosts::default(),
        }
    }

    /// Sets the header of the request id.
    pub fn with_request_id_header(mut self, header: HeaderName) -> Self {
        self.request_id_header = header;
        self
    }

    /// Sends baggage, which says who is acting, to these hosts. None by default.
    ///
    /// A host is a name or address, without a port: `api.internal`. `*.svc.cluster.local`
    /// stands for all names beneath `svc.cluster.local`, and not for that itself; a `*`
    /// elsewhere is an error.
    ///
    /// A redirect takes the baggage along, wherever it leads: see
    /// [`redirect_policy`](Self::redirect_policy).
    ///
    /// # Errors
    ///
    /// When an entry is no host and could never match: it has a scheme, a port, a path, a user,
    /// spaces or another wildcard, or is empty. The error names it.
    pub fn with_trusted_hosts<S: AsRef<str>>(
        mut self,
        hosts: impl IntoIterator<Item = S>,
    ) -> Result<Self, TrustedHostsError> {
        self.trusted_hosts.extend(hosts)?;
        Ok(self)
    }

    /// Makes a policy for [`reqwest::ClientBuilder::redirect`] that follows redirects as
    /// reqwest does, but none from a trusted host to one that is not: that response is
    /// returned as it is. reqwest sends all headers but those of credentials again.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use telemetry_http::HttpClientTelemetry;
    ///
    /// let telemetry = HttpClientTelemetry::new().with_trusted_hosts(["api.internal"])?;
    /// let client = reqwest::Client::builder().redirect(telemetry.redirect_policy()).build()?;
    /// let client = reqwest_middleware::ClientBuilder::new(client).with(telemetry).build();
    /// # Ok(())
    /// # }
    /// ```
    pub fn redirect_policy(&self) -> Policy {
        let trusted = self.trusted_hosts.clone();
        let usual = Policy::default();
        Policy::custom(move |attempt| {
            let has_baggage = attempt
                .previous()
                .first()
                .is_some_and(|url| trusted.has(url));
            if has_baggage && !trusted.has(attempt.url()) {
                attempt.stop()
            } else {
                usual.redirect(attempt)
            }
        })
    }
}

impl Default for HttpClientTelemetry {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Middleware for HttpClientTelemetry {
    async fn handle(
        &self,
        mut request: Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<Response> {
        let recording = Recording::start(&request, extensions);
        let context = match &recording {
            Some(recording) => recording.context.clone(),
            None => Context::current(),
        };
        propagation::inject(
            &context,
            &mut request,
            &self.request_id_header,
            &self.trusted_hosts,
        );
        let template = extensions.get::<UrlTemplate>().cloned();
        let sent = next.run(request, extensions);
        let result = match recording {
            Some(recording) => {
                let result = instrument::future_within(&context, sent).await;
                recording.end(&result);
                result
            }
            None => sent.await,
        };
        result.map_err(|error| without_secrets(error, template.as_ref()))
    }
}

/// The error, whose URL has no secrets of the template any more.
fn without_secrets(error: Error, template: Option<&UrlTemplate>) -> Error {
    match (error, template) {
        (Error::Reqwest(mut error), Some(template)) => {
            if let Some(url) = error.url_mut() {
                *url = template.mask(url);
            }
            Error::Reqwest(error)
        }
        (error, _) => error,
    }
}
