//! The settings of proxies.

use std::fmt;

use reqwest::{NoProxy, Proxy};
use telemetry_core::EnvironmentReader;

/// This host itself, which is never reached by a proxy.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1,::ffff:127.0.0.0/104";

/// The proxies of requests to other services. Requests between the roles go to the API directly.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct ProxySettings {
    /// `HTTP_PROXY`, else `ALL_PROXY`.
    http: Option<Proxy>,
    /// `HTTPS_PROXY`, else `ALL_PROXY`.
    https: Option<Proxy>,
}

impl fmt::Debug for ProxySettings {
    /// Shows what is there alone: the URLs may hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxySettings")
            .field("has_http", &self.http.is_some())
            .field("has_https", &self.https.is_some())
            .finish()
    }
}

impl ProxySettings {
    /// Reads the settings, whose names may be in small letters too; what is wrong is with the
    /// reader.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let exceptions = either(reader, "NO_PROXY").map_or("", |(_, hosts)| hosts);
        let exceptions = format!("{exceptions},{LOOPBACK}");
        let mut settings = Self::default();
        for (name, setting, scheme) in [
            ("HTTP_PROXY", &mut settings.http, Proxy::http as Scheme),
            ("HTTPS_PROXY", &mut settings.https, Proxy::https),
        ] {
            let Some((name, url)) = either(reader, name).or_else(|| either(reader, "ALL_PROXY"))
            else {
                continue;
            };
            match parse(url, scheme) {
                Some(proxy) => *setting = Some(proxy.no_proxy(NoProxy::from_string(&exceptions))),
                None => {
                    let problem = "it is not the URL of a proxy such as http://proxy.example:3128";
                    reader.warn(&name, problem, "none");
                }
            }
        }
        settings
    }

    /// The proxies of a client.
    pub(crate) fn all(&self) -> impl Iterator<Item = Proxy> {
        [&self.http, &self.https].into_iter().flatten().cloned()
    }
}

/// Makes a proxy of the requests with one scheme.
type Scheme = fn(String) -> reqwest::Result<Proxy>;

fn parse(url: &str, scheme: Scheme) -> Option<Proxy> {
    // As curl and others take it.
    let url = match url.contains("://") {
        true => url.to_owned(),
        false => format!("http://{url}"),
    };
    url.starts_with("http://")
        .then(|| scheme(url).ok())
        .flatten()
}

/// The variable of a name, or of the same in small letters, and its value.
fn either<'a>(reader: &mut EnvironmentReader<'a>, name: &str) -> Option<(String, &'a str)> {
    let mut names = [name.to_ascii_lowercase(), name.to_owned()].into_iter();
    names.find_map(|name| reader.get(&name).map(|value| (name, value)))
}
