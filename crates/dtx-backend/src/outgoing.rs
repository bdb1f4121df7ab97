//! The client of all requests to other services.

use std::time::Duration;

use anyhow::Context as _;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use telemetry_http::HttpClientTelemetry;

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Makes a client whose requests carry on the trace and the request id.
///
/// # Errors
///
/// When TLS cannot be set up.
pub(crate) fn client() -> anyhow::Result<ClientWithMiddleware> {
    // Another one may be the process's default already: any will do.
    let _first = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .build()
        .context("cannot make an HTTP client")?;
    Ok(ClientBuilder::new(client)
        .with(HttpClientTelemetry::new())
        .build())
}

/// The error without the URL of the request, for those that have a secret in it.
pub(crate) fn without_url(error: reqwest_middleware::Error) -> anyhow::Error {
    match error {
        reqwest_middleware::Error::Reqwest(error) => error.without_url().into(),
        reqwest_middleware::Error::Middleware(error) => error,
    }
}
