//! Where a signal is exported to, as metrics name it.

use http::Uri;

use crate::config::{OtlpSettings, Protocol};

/// Where a signal goes by OTLP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) protocol: Protocol,
    /// The host.
    pub(crate) address: String,
    /// The port; that of the scheme where the endpoint has none.
    pub(crate) port: u16,
}

impl Destination {
    pub(super) fn new(settings: &OtlpSettings) -> Self {
        let endpoint = settings.endpoint();
        Self {
            protocol: settings.protocol(),
            address: endpoint.host().unwrap_or_default().to_owned(),
            port: port(endpoint),
        }
    }
}

fn port(endpoint: &Uri) -> u16 {
    let default = if endpoint.scheme_str() == Some("https") {
        443
    } else {
        80
    };
    endpoint.port_u16().unwrap_or(default)
}
