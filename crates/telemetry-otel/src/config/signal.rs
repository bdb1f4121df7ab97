//! The settings of one signal: where it goes, and how.

use std::fmt;
use std::time::Duration;

use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use telemetry_core::EnvironmentReader;

/// The default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
const MILLISECONDS_OF_A_DAY: u64 = 24 * 60 * 60 * 1000;
/// The port that OTLP over gRPC has by convention.
const GRPC_PORT: u16 = 4317;

/// What OpenTelemetry exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Measurements.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// Its name in the names of variables.
    pub(crate) fn upper(self) -> &'static str {
        match self {
            Self::Traces => "TRACES",
            Self::Metrics => "METRICS",
            Self::Logs => "LOGS",
        }
    }

    /// What an endpoint for all signals is followed by, over HTTP.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Traces => "v1/traces",
            Self::Metrics => "v1/metrics",
            Self::Logs => "v1/logs",
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        })
    }
}

/// Where a signal goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exporter {
    /// To a collector, by OTLP.
    #[default]
    Otlp,
    /// To the standard error, for people: the standard output is the log's.
    Console,
    /// Nowhere.
    None,
}

impl fmt::Display for Exporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Otlp => "otlp",
            Self::Console => "console",
            Self::None => "none",
        })
    }
}

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `grpc`
    Grpc,
    /// `http/protobuf`
    HttpProtobuf,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grpc => "grpc",
            Self::HttpProtobuf => "http/protobuf",
        })
    }
}

/// Headers whose values are not shown: they may be keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub(crate) HeaderMap);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// How a signal is sent to its collector.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtlpSettings {
    /// The URL, with its path over HTTP.
    pub endpoint: Uri,
    /// The protocol.
    pub protocol: Protocol,
    /// The headers of each request.
    pub headers: Headers,
    /// How long a request may take, tries after failures included.
    pub timeout: Duration,
    /// Whether requests are compressed with gzip.
    pub gzip: bool,
}

impl fmt::Debug for OtlpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            endpoint,
            protocol,
            headers,
            timeout,
            gzip,
        } = self;
        f.debug_struct("OtlpSettings")
            .field("endpoint", &shown(endpoint))
            .field("protocol", protocol)
            .field("headers", headers)
            .field("timeout", timeout)
            .field("gzip", gzip)
            .finish()
    }
}

/// A URL without what may be secret in it: its query, and a user's name and password.
pub(crate) fn shown(endpoint: &Uri) -> String {
    let scheme = endpoint.scheme_str().unwrap_or_default();
    let authority = endpoint.authority().map_or("", Authority::as_str);
    let host = authority.rsplit('@').next().unwrap_or_default();
    let query = endpoint.query().map_or("", |_| "?***");
    format!("{scheme}://{host}{}{query}", endpoint.path())
}

/// What the variables say of all signals, or of one: `None` where they say nothing.
#[derive(Clone, Default)]
pub(super) struct Said {
    endpoint: Option<Uri>,
    protocol: Option<Protocol>,
    headers: Option<Headers>,
    timeout: Option<Duration>,
    gzip: Option<bool>,
}

impl Said {
    /// Reads the variables of all signals, or of one.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>, signal: Option<Signal>) -> Self {
        let infix = signal.map_or_else(String::new, |signal| format!("{}_", signal.upper()));
        let name = |suffix| format!("OTEL_EXPORTER_OTLP_{infix}{suffix}");
        // What is used in place of a bad value.
        let or = |default| signal.map_or(default, |_| "what is set for all signals");
        let (by_port, ten_seconds) = (or("the protocol of the port"), or("10000"));
        Self {
            endpoint: read(reader, &name("ENDPOINT"), endpoint, or("none")),
            protocol: read(reader, &name("PROTOCOL"), protocol, by_port),
            headers: headers(reader, &name("HEADERS")),
            timeout: read(reader, &name("TIMEOUT"), milliseconds, ten_seconds),
            gzip: read(reader, &name("COMPRESSION"), compression, or("none")),
        }
    }

    /// What holds for a signal; `None` when there is no endpoint.
    pub(super) fn settings(&self, of_signal: &Self, signal: Signal) -> Option<OtlpSettings> {
        let endpoint = of_signal.endpoint.as_ref().or(self.endpoint.as_ref())?;
        let port = endpoint.port_u16();
        let by_port = if port == Some(GRPC_PORT) {
            Protocol::Grpc
        } else {
            Protocol::HttpProtobuf
        };
        let protocol = of_signal.protocol.or(self.protocol).unwrap_or(by_port);
        // Only an endpoint for all signals gets the signal's path.
        let endpoint = match (&of_signal.endpoint, protocol) {
            (None, Protocol::HttpProtobuf) => with_path(endpoint, signal.path()),
            _ => endpoint.clone(),
        };
        Some(OtlpSettings {
            endpoint,
            protocol,
            headers: of_signal
                .headers
                .clone()
                .or_else(|| self.headers.clone())
                .unwrap_or_default(),
            timeout: of_signal
                .timeout
                .or(self.timeout)
                .unwrap_or(DEFAULT_TIMEOUT),
            gzip: of_signal.gzip.or(self.gzip).unwrap_or_default(),
        })
    }
}

/// Reads a setting that may stay unsaid.
fn read<T>(
    reader: &mut EnvironmentReader<'_>,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, String>,
    otherwise: &str,
) -> Option<T> {
    let mut setting = None;
    reader.parsed(
        name,
        &mut setting,
        |text| parse(text).map(Some),
        |_| otherwise.to_owned(),
    );
    setting
}

/// Reads an `http` or `https` URL.
fn endpoint(text: &str) -> Result<Uri, String> {
    // The text is not shown: a URL may hold a password.
    let wanted = "it is not the URL of a collector, such as http://localhost:4317";
    let uri: Uri = text.parse().map_err(|_| wanted.to_owned())?;
    let authority = uri.authority().map_or("", Authority::as_str);
    if authority.contains('@') {
        // Neither protocol would send them.
        let headers = "OTEL_EXPORTER_OTLP_HEADERS=authorization=Basic%20…";
        return Err(format!("a URL with a user or password: use {headers}"));
    }
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(wanted.to_owned()),
    }
}

/// Adds a path to that of a URL.
pub(crate) fn with_path(endpoint: &Uri, path: &str) -> Uri {
    let base = endpoint.path().trim_end_matches('/');
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = format!("{base}/{path}").parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| endpoint.clone())
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match &*text.to_ascii_lowercase() {
        "grpc" => Ok(Protocol::Grpc),
        "http/protobuf" => Ok(Protocol::HttpProtobuf),
        _ => Err(format!("{text:?} is not one of grpc, http/protobuf")),
    }
}

fn compression(text: &str) -> Result<bool, String> {
    match &*text.to_ascii_lowercase() {
        "gzip" => Ok(true),
        "none" => Ok(false),
        _ => Err(format!("{text:?} is not one of gzip, none")),
    }
}

/// Reads a number of milliseconds, from 1 to those of a day: clocks overflow somewhere.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(milliseconds @ 1..=MILLISECONDS_OF_A_DAY) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!(
            "{text:?} is not a number of milliseconds from 1 to {MILLISECONDS_OF_A_DAY}"
        )),
    }
}

/// Reads `name=value,name=value`, the values percent-encoded. An entry that is not valid
/// costs itself alone, and is not shown.
fn headers(reader: &mut EnvironmentReader<'_>, variable: &str) -> Option<Headers> {
    let list = reader.get(variable)?;
    let mut headers = HeaderMap::new();
    for (at, entry) in list.split(',').map(str::trim).enumerate() {
        if entry.is_empty() {
            continue;
        }
        match header(entry) {
            Some((name, value)) => {
                headers.insert(name, value);
            }
            None => reader.warn(
                variable,
                format!("entry {} is not name=value with a valid header", at + 1),
                "the other entries",
            ),
        }
    }
    Some(Headers(headers))
}

fn header(entry: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = entry.split_once('=')?;
    let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    let mut value = HeaderValue::from_str(&value).ok()?;
    // The exporter takes text.
    value.to_str().ok()?;
    value.set_sensitive(true);
    Some((name, value))
}
