//! What all connections to collectors have in common: proxies and trusted authorities.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use telemetry_core::EnvironmentReader;

/// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, `SSL_CERT_FILE` and `SSL_CERT_DIR`.
#[derive(Clone, Default)]
pub(crate) struct NetworkSettings {
    http_proxy: Option<Uri>,
    https_proxy: Option<Uri>,
    no_proxy: String,
    cert_file: Option<PathBuf>,
    cert_dirs: Vec<PathBuf>,
}

/// The proxy that a connection goes through.
pub(crate) struct Proxy(Intercept);

impl NetworkSettings {
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let all = proxy(reader, "ALL_PROXY");
        Self {
            http_proxy: proxy(reader, "HTTP_PROXY").or_else(|| all.clone()),
            https_proxy: proxy(reader, "HTTPS_PROXY").or(all),
            no_proxy: either(reader, "NO_PROXY").unwrap_or_default().to_owned(),
            cert_file: reader.get("SSL_CERT_FILE").map(PathBuf::from),
            cert_dirs: reader
                .get("SSL_CERT_DIR")
                .map(|dirs| std::env::split_paths(dirs).collect())
                .unwrap_or_default(),
        }
    }

    /// The file of trusted authorities in place of the system's.
    pub(crate) fn cert_file(&self) -> Option<&Path> {
        self.cert_file.as_deref()
    }

    /// The directories of trusted authorities in place of the system's.
    pub(crate) fn cert_dirs(&self) -> impl Iterator<Item = &Path> {
        self.cert_dirs.iter().map(PathBuf::as_path)
    }

    /// The proxy that a connection to `destination` goes through. None does to this host itself.
    pub(crate) fn proxy_for(&self, destination: &Uri) -> Option<Proxy> {
        if is_loopback(destination) {
            return None;
        }
        let text = |proxy: &Option<Uri>| proxy.as_ref().map(Uri::to_string).unwrap_or_default();
        let matcher = Matcher::builder()
            .http(text(&self.http_proxy))
            .https(text(&self.https_proxy))
            .no(self.no_proxy.clone())
            .build();
        matcher.intercept(destination).map(Proxy)
    }
}

impl fmt::Debug for NetworkSettings {
    /// Without the URLs of proxies, which may have a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetworkSettings")
            .field("no_proxy", &self.no_proxy)
            .field("cert_file", &self.cert_file)
            .field("cert_dirs", &self.cert_dirs)
            .finish_non_exhaustive()
    }
}

impl Proxy {
    /// Its URL, without credentials.
    pub(crate) fn uri(&self) -> &Uri {
        self.0.uri()
    }

    /// The value of `Proxy-Authorization`, where the URL has a user.
    pub(crate) fn credentials(&self) -> Option<&HeaderValue> {
        self.0.basic_auth()
    }

    /// The same for reqwest.
    ///
    /// # Errors
    ///
    /// When reqwest does not take the URL.
    pub(crate) fn for_reqwest(&self) -> reqwest::Result<reqwest::Proxy> {
        let proxy = reqwest::Proxy::all(self.uri().to_string())?;
        Ok(match self.credentials() {
            Some(credentials) => proxy.custom_http_auth(credentials.clone()),
            None => proxy,
        })
    }
}

/// Reads a variable by its name in capitals, or in small letters.
fn either<'a>(reader: &mut EnvironmentReader<'a>, name: &str) -> Option<&'a str> {
    let small = reader.get(&name.to_ascii_lowercase());
    small.or_else(|| reader.get(name))
}

/// Reads the URL of a proxy. It is not shown: it may have a password.
fn proxy(reader: &mut EnvironmentReader<'_>, name: &str) -> Option<Uri> {
    let text = either(reader, name)?;
    // As curl and others take it.
    let text = if text.contains("://") {
        text.to_owned()
    } else {
        format!("http://{text}")
    };
    let url: Option<Uri> = text.parse().ok();
    let url = url.filter(|url| url.scheme_str() == Some("http") && url.host().is_some());
    if url.is_none() {
        let problem = "it is not the URL of a proxy, such as http://proxy.example:3128";
        reader.warn(name, problem, "no proxy");
    }
    url
}

fn is_loopback(destination: &Uri) -> bool {
    let host = destination.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.to_canonical().is_loopback())
}
