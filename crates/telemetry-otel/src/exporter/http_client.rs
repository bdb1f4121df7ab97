//! The client that sends OTLP over HTTP.

use std::cell::RefCell;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::ExporterBuildError;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};
use telemetry_core::error_chain;

thread_local! {
    /// Why the last request of an export that this thread waits for did not come through.
    static CAUSE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A client that remembers why a request did not come through: the exporter says of all
/// causes that it is the network.
#[derive(Debug)]
pub(super) struct Client(reqwest::Client);

impl Client {
    /// Makes one. See [`build`].
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub(super) fn new(timeout: Duration) -> Result<Self, ExporterBuildError> {
        build(timeout).map(Self)
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.0.send_bytes(request).await;
        let cause = sent.as_ref().err().map(|error| innermost(&**error));
        CAUSE.set(cause);
        sent
    }
}

/// Takes why the last request of this thread did not come through.
pub(super) fn take_cause() -> Option<String> {
    CAUSE.take()
}

/// The cause of all causes: those around it repeat it, or show the URL.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let cause = error_chain::causes(error).last();
    error_chain::message(cause.unwrap_or(error))
}

/// Makes a client that trusts the certificates of Mozilla's list, and whose requests take at
/// most `timeout`.
///
/// It names the implementation of TLS that it uses: without one, and without a default of
/// the process, it would panic.
///
/// # Errors
///
/// When TLS cannot be set up.
pub(crate) fn build(timeout: Duration) -> Result<reqwest::Client, ExporterBuildError> {
    let failed = |error: &dyn std::fmt::Display| {
        ExporterBuildError::InternalFailure(format!("cannot make an HTTP client: {error}"))
    };
    let roots = RootCertStore::from_iter(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(&error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .redirect(Policy::none())
        // The exporter bounds its tries, and not a single one.
        .timeout(timeout)
        .build()
        .map_err(|error| failed(&error))
}
