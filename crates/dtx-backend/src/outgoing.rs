//! The clients of requests to other services, and to the API.

use std::time::Duration;

use anyhow::Context as _;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use telemetry_http::HttpClientTelemetry;

use crate::settings::{ProxySettings, Settings};
use crate::tls;

/// How long a request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Clients whose requests carry on the trace and the request id.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    /// Of other services, by the proxies of the settings.
    pub(crate) external: ClientWithMiddleware,
    /// Of the API, without any proxy.
    pub(crate) internal: ClientWithMiddleware,
}

impl Clients {
    /// Makes the clients.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub(crate) fn new(settings: &Settings) -> anyhow::Result<Self> {
        tls::install_provider();
        let tls = settings.tls.common().client()?;
        let client = |proxies: &ProxySettings| {
            let builder = reqwest::Client::builder()
                .timeout(REQUEST_TIMEOUT)
                .connect_timeout(CONNECT_TIMEOUT)
                .tls_backend_preconfigured(tls.clone())
                // Those of the settings, and none that is looked up elsewhere.
                .no_proxy();
            let client = proxies.all().fold(builder, reqwest::ClientBuilder::proxy);
            let client = client.build().context("cannot make an HTTP client")?;
            let telemetry = HttpClientTelemetry::new();
            anyhow::Ok(ClientBuilder::new(client).with(telemetry).build())
        };
        Ok(Self {
            external: client(&settings.proxies)?,
            internal: client(&ProxySettings::default())?,
        })
    }
}

/// The error without the URL of the request, for those that have a secret in it.
pub(crate) fn without_url(error: reqwest_middleware::Error) -> anyhow::Error {
    match error {
        reqwest_middleware::Error::Reqwest(error) => error.without_url().into(),
        reqwest_middleware::Error::Middleware(error) => error,
    }
}
