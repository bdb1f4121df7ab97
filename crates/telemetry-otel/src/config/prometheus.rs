//! Where Prometheus fetches metrics.

use std::fmt;
use std::net::Ipv6Addr;

use telemetry_core::EnvironmentReader;

/// The default of `OTEL_EXPORTER_PROMETHEUS_HOST`.
const DEFAULT_HOST: &str = "localhost";
/// The default of `OTEL_EXPORTER_PROMETHEUS_PORT`.
const DEFAULT_PORT: u16 = 9464;
/// The longest name that DNS has.
const MAX_HOST_BYTES: usize = 253;

/// The host and port on which Prometheus fetches metrics, at `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrometheusAddress {
    host: String,
    port: u16,
}

impl PrometheusAddress {
    /// An address to listen on: the name or the IP address of an interface of this machine
    /// (`0.0.0.0` for all of them), and a port above 0.
    ///
    /// # Errors
    ///
    /// When there can be no such host or port: what is wrong.
    pub fn new(host: &str, port: u16) -> Result<Self, String> {
        if port == 0 {
            return Err("0 is not a port".to_owned());
        }
        let host = parse_host(host)?;
        Ok(Self { host, port })
    }

    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let mut address = Self {
            host: DEFAULT_HOST.to_owned(),
            port: DEFAULT_PORT,
        };
        let Self { host, port } = &mut address;
        reader.parsed(
            "OTEL_EXPORTER_PROMETHEUS_HOST",
            host,
            parse_host,
            String::clone,
        );
        reader.parsed(
            "OTEL_EXPORTER_PROMETHEUS_PORT",
            port,
            parse_port,
            u16::clone,
        );
        address
    }

    /// The host, an IPv6 address without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn host_and_port(&self) -> (&str, u16) {
        (&self.host, self.port)
    }
}

impl fmt::Display for PrometheusAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(f, "[{host}]:{port}")
        } else {
            write!(f, "{host}:{port}")
        }
    }
}

fn parse_host(text: &str) -> Result<String, String> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if bare.parse::<Ipv6Addr>().is_ok() {
        Ok(bare.to_owned())
    } else if !text.is_empty() && text.len() <= MAX_HOST_BYTES && text.bytes().all(is_name) {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not the name or the address of a host"))
    }
}

fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port @ 1..) => Ok(port),
        _ => Err(format!("{text:?} is not a number from 1 to 65535")),
    }
}
