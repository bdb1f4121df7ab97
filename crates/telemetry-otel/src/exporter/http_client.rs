//! The client that sends OTLP over HTTP.

use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::ExporterBuildError;
use reqwest::redirect::Policy;
use rustls::{ClientConfig, RootCertStore};

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
