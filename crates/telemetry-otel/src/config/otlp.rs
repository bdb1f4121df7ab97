//! How signals are sent by OTLP: what is set for all of them, and for one.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use telemetry_core::{ConfigWarning, EnvironmentReader};

use crate::config::{Protocol, Signal, TIME_RANGE};
use crate::exporter::TlsFiles;

/// The default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// The port that OTLP over gRPC has by convention.
const GRPC_PORT: u16 = 4317;

/// Headers whose values are not shown: they may be keys.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(pub(crate) HeaderMap);

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// How one signal is sent to its collector: what [`OtlpOptions`] for all signals and for this one
/// amount to.
#[derive(Clone, PartialEq, Eq)]
pub struct OtlpSettings {
    pub(crate) endpoint: Uri,
    pub(crate) protocol: Protocol,
    pub(crate) headers: Headers,
    pub(crate) timeout: Duration,
    pub(crate) gzip: bool,
    pub(crate) tls_files: TlsFiles,
}

impl OtlpSettings {
    /// The URL, with its path over HTTP.
    #[must_use]
    pub fn endpoint(&self) -> &Uri {
        &self.endpoint
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The headers of each request.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// How long a request may take, tries after failures included.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Whether requests are compressed with gzip.
    #[must_use]
    pub fn is_compressed(&self) -> bool {
        self.gzip
    }

    pub(crate) fn tls_files(&self) -> &TlsFiles {
        &self.tls_files
    }
}

impl fmt::Debug for OtlpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            endpoint,
            protocol,
            headers,
            timeout,
            gzip,
            tls_files,
        } = self;
        f.debug_struct("OtlpSettings")
            .field("endpoint", &shown(endpoint))
            .field("protocol", protocol)
            .field("headers", headers)
            .field("timeout", timeout)
            .field("gzip", gzip)
            .field("tls_files", tls_files)
            .finish()
    }
}

/// How signals are sent by OTLP, where that is not the default: for all signals
/// ([`OtelConfig::with_otlp`](crate::OtelConfig::with_otlp)) or for one
/// ([`with_otlp_for`](crate::OtelConfig::with_otlp_for)). What is left out stays as the environment
/// says.
///
/// A bad value changes nothing and is one `telemetry_config_warning` that names the method, as a bad
/// variable is.
///
/// ```
/// use std::time::Duration;
/// use telemetry_otel::{OtelConfig, OtlpOptions, Protocol, Signal};
///
/// let config = OtelConfig::default().with_otlp(
///     OtlpOptions::new()
///         .with_endpoint("https://collector.example:4317")
///         .with_header("x-api-key", "9f1c…")
///         .with_certificate("/etc/ssl/company.pem")
///         .with_timeout(Duration::from_secs(3)),
/// );
/// assert_eq!(config.otlp(Signal::Traces).unwrap().protocol(), Protocol::Grpc);
/// assert!(config.warnings()[0].to_string().contains("with_header"), "the … is not ASCII");
/// ```
#[derive(Clone, Default)]
pub struct OtlpOptions {
    endpoint: Option<Uri>,
    protocol: Option<Protocol>,
    headers: Option<Headers>,
    timeout: Option<Duration>,
    gzip: Option<bool>,
    tls_files: TlsFiles,
    warnings: Vec<ConfigWarning>,
}

impl fmt::Debug for OtlpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpOptions")
            .field("endpoint", &self.endpoint.as_ref().map(shown))
            .field("protocol", &self.protocol)
            .field("headers", &self.headers)
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .field("tls_files", &self.tls_files)
            .finish_non_exhaustive()
    }
}

impl OtlpOptions {
    /// Starts with none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the URL of the collector: `http` or `https`. Of options for all signals, `/v1/traces` and
    /// the like are added over HTTP; of those for one, the URL is taken as it is. The protocol
    /// follows the port unless it is set.
    #[must_use]
    pub fn with_endpoint(mut self, url: &str) -> Self {
        match endpoint(url) {
            Ok(url) => self.endpoint = Some(url),
            Err(problem) => self.warn("with_endpoint", problem),
        }
        self
    }

    /// Sets the protocol.
    #[must_use]
    pub fn with_protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// Adds a header of each request, or replaces the one of this name. With the first, the headers
    /// of the environment no longer count. The value is never shown.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        match pair(name, value) {
            Ok((name, value)) => {
                self.headers.get_or_insert_default().0.insert(name, value);
            }
            Err(problem) => self.warn("with_header", problem),
        }
        self
    }

    /// Sets how long a request may take, tries after failures included: a millisecond to a day.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        if TIME_RANGE.contains(&timeout) {
            self.timeout = Some(timeout);
        } else {
            self.warn("with_timeout", "it is not from a millisecond to a day");
        }
        self
    }

    /// Sets whether requests are compressed with gzip.
    #[must_use]
    pub fn with_gzip(mut self, gzip: bool) -> Self {
        self.gzip = Some(gzip);
        self
    }

    /// Sets the file with the authorities that sign the collector's certificate, in PEM. They take
    /// the place of the system's.
    #[must_use]
    pub fn with_certificate(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls_files.certificate = Some(path.into());
        self
    }

    /// Sets the files with the certificate that the collector is shown and with its key, in PEM.
    #[must_use]
    pub fn with_client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.tls_files.client_certificate = Some(certificate.into());
        self.tls_files.client_key = Some(key.into());
        self
    }

    fn warn(&mut self, method: &str, problem: impl Into<String>) {
        self.warnings.push(ConfigWarning {
            variable: format!("OtlpOptions::{method}"),
            problem: problem.into(),
            using: "what was set before".to_owned(),
        });
    }

    pub(super) fn take_warnings(&mut self) -> Vec<ConfigWarning> {
        std::mem::take(&mut self.warnings)
    }

    /// Reads the variables of all signals, or of one.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>, signal: Option<Signal>) -> Self {
        let infix = signal.map_or_else(String::new, |signal| format!("{}_", signal.upper()));
        let name = |suffix| format!("OTEL_EXPORTER_OTLP_{infix}{suffix}");
        // What is used in place of a bad value.
        let or = |default| signal.map_or(default, |_| "what is set for all signals");
        let (by_port, ten_seconds) = (or("the protocol of the port"), or("10000"));
        let path = |reader: &mut EnvironmentReader<'_>, suffix| {
            reader.get(&name(suffix)).map(PathBuf::from)
        };
        Self {
            endpoint: read(reader, &name("ENDPOINT"), endpoint, or("none")),
            protocol: read(reader, &name("PROTOCOL"), protocol, by_port),
            headers: headers(reader, &name("HEADERS")),
            timeout: read(reader, &name("TIMEOUT"), milliseconds, ten_seconds),
            gzip: read(reader, &name("COMPRESSION"), compression, or("none")),
            tls_files: TlsFiles {
                certificate: path(reader, "CERTIFICATE"),
                client_certificate: path(reader, "CLIENT_CERTIFICATE"),
                client_key: path(reader, "CLIENT_KEY"),
            },
            warnings: Vec::new(),
        }
    }

    /// Takes what `over` sets in place of what is set here.
    pub(super) fn override_by(&mut self, over: Self) {
        fn set<T>(option: &mut Option<T>, over: Option<T>) {
            if over.is_some() {
                *option = over;
            }
        }
        set(&mut self.endpoint, over.endpoint);
        set(&mut self.protocol, over.protocol);
        set(&mut self.headers, over.headers);
        set(&mut self.timeout, over.timeout);
        set(&mut self.gzip, over.gzip);
        let TlsFiles {
            certificate,
            client_certificate,
            client_key,
        } = over.tls_files;
        set(&mut self.tls_files.certificate, certificate);
        set(&mut self.tls_files.client_certificate, client_certificate);
        set(&mut self.tls_files.client_key, client_key);
    }

    /// What these options for all signals and those `of_signal` amount to; `None` when there is no
    /// endpoint.
    pub(super) fn settings(&self, of_signal: &Self, signal: Signal) -> Option<OtlpSettings> {
        let has_own_endpoint = of_signal.endpoint.is_some();
        let mut all = self.clone();
        all.override_by(of_signal.clone());
        let endpoint = all.endpoint?;
        let by_port = if endpoint.port_u16() == Some(GRPC_PORT) {
            Protocol::Grpc
        } else {
            Protocol::HttpProtobuf
        };
        let protocol = all.protocol.unwrap_or(by_port);
        // Only an endpoint for all signals gets the signal's path.
        let endpoint = if protocol.is_http() && !has_own_endpoint {
            with_path(&endpoint, signal.path())
        } else {
            endpoint
        };
        Some(OtlpSettings {
            endpoint,
            protocol,
            headers: all.headers.unwrap_or_default(),
            timeout: all.timeout.unwrap_or(DEFAULT_TIMEOUT),
            gzip: all.gzip.unwrap_or_default(),
            tls_files: all.tls_files,
        })
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

/// Reads a setting that may stay unset.
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
    // A port that is no number of 16 bits is otherwise taken as none.
    if authority.len() > uri.host().map_or(0, str::len) && uri.port_u16().is_none_or(|it| it == 0) {
        return Err("its port is not a number from 1 to 65535".to_owned());
    }
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(wanted.to_owned()),
    }
}

/// Adds a path to that of a URL, before its query.
pub(crate) fn with_path(endpoint: &Uri, path: &str) -> Uri {
    let base = endpoint.path().trim_end_matches('/');
    let query = endpoint
        .query()
        .map_or_else(String::new, |it| format!("?{it}"));
    let mut parts = endpoint.clone().into_parts();
    parts.path_and_query = format!("{base}/{path}{query}").parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| endpoint.clone())
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match &*text.to_ascii_lowercase() {
        "grpc" => Ok(Protocol::Grpc),
        "http/protobuf" => Ok(Protocol::HttpProtobuf),
        "http/json" => Ok(Protocol::HttpJson),
        _ => Err(format!(
            "{text:?} is not one of grpc, http/protobuf, http/json"
        )),
    }
}

fn compression(text: &str) -> Result<bool, String> {
    match &*text.to_ascii_lowercase() {
        "gzip" => Ok(true),
        "none" => Ok(false),
        _ => Err(format!("{text:?} is not one of gzip, none")),
    }
}

/// Reads a number of milliseconds, from 1 to those of a day.
pub(super) fn milliseconds(text: &str) -> Result<Duration, String> {
    let time = text.parse().map(Duration::from_millis).ok();
    time.filter(|time| TIME_RANGE.contains(time))
        .ok_or_else(|| {
            let [least, most] = [TIME_RANGE.start(), TIME_RANGE.end()].map(Duration::as_millis);
            format!("{text:?} is not a number of milliseconds from {least} to {most}")
        })
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
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    pair(name.trim(), &value).ok()
}

/// A header that either protocol can send.
fn pair(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), String> {
    let bad_name = |_| format!("{name:?} is not the name of a header");
    let bad_value = || format!("the value of {name} is not visible ASCII");
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(bad_name)?;
    let mut value = HeaderValue::from_str(value).map_err(|_| bad_value())?;
    // Metadata of gRPC is text.
    if value.to_str().is_err() {
        return Err(bad_value());
    }
    value.set_sensitive(true);
    Ok((name, value))
}
