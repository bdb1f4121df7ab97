//! The hosts that may know who is acting.

use reqwest::Url;

use crate::attributes::without_brackets;

/// Hosts by name, and by the end of their name. None by default.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustedHosts {
    exact: Vec<String>,
    /// With the dot in front.
    suffixes: Vec<String>,
}

impl TrustedHosts {
    pub(super) fn extend<S: AsRef<str>>(&mut self, hosts: impl IntoIterator<Item = S>) {
        for host in hosts {
            let host = normal(host.as_ref()).to_ascii_lowercase();
            match host.strip_prefix('*') {
                // `*.` alone would be every name that is fully qualified.
                Some(suffix) if suffix.starts_with('.') && suffix.len() > 1 => {
                    self.suffixes.push(suffix.to_owned());
                }
                // Of no host: a URL has neither.
                _ => self.exact.push(host),
            }
        }
    }

    pub(super) fn has(&self, url: &Url) -> bool {
        let Some(host) = url.host_str().map(normal) else {
            return false;
        };
        let is_beneath = |suffix: &String| {
            let name = host.strip_suffix(suffix.as_str());
            name.is_some_and(|name| !name.is_empty())
        };
        // URLs of HTTP have their host in lower case.
        self.exact.iter().any(|exact| exact == host) || self.suffixes.iter().any(is_beneath)
    }
}

/// A host in the one spelling that is compared: `api.internal.` is fully qualified, and the
/// same.
fn normal(host: &str) -> &str {
    let host = host.trim();
    without_brackets(host.strip_suffix('.').unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_trusted_by_name_and_by_the_end_of_their_name() {
        let mut hosts = TrustedHosts::default();
        hosts.extend(["api.internal", "*.svc.cluster.local", "10.0.0.1", "[::1]"]);
        for (url, is_trusted) in [
            ("http://api.internal/", true),
            ("https://API.Internal:8443/x", true),
            ("http://api.internal./", true),
            ("http://user:api.internal@evil.example/", false),
            ("http://api.internal.evil.example/", false),
            ("http://xapi.internal/", false),
            ("http://x.api.internal/", false),
            ("http://a.svc.cluster.local/", true),
            ("http://a.b.svc.cluster.local/", true),
            ("http://svc.cluster.local/", false),
            ("http://.svc.cluster.local/", false),
            ("http://asvc.cluster.local/", false),
            ("http://10.0.0.1:9/", true),
            ("http://10.0.0.11/", false),
            ("http://[::1]:9/", true),
            ("http://[::2]/", false),
            ("http://evil.example/?api.internal", false),
        ] {
            assert_eq!(hosts.has(&Url::parse(url).unwrap()), is_trusted, "{url}");
        }
    }

    #[test]
    fn nothing_stands_for_every_host() {
        let mut hosts = TrustedHosts::default();
        hosts.extend(["*", "*.", "", ".", "**", "*.*"]);
        for url in ["http://a/", "http://a.b/", "http://a.b./", "data:x"] {
            assert!(!hosts.has(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
