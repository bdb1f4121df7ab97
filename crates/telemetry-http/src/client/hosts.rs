//! The hosts that may know who is acting.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use reqwest::Url;

use crate::attributes::without_brackets;

/// Hosts by name, and by the end of their name. None by default.
#[derive(Clone, Debug, Default)]
pub(super) struct TrustedHosts {
    exact: Vec<String>,
    /// With the dot in front.
    suffixes: Vec<String>,
}

/// Why a list of trusted hosts was refused: an entry that no request could match.
#[derive(Debug, PartialEq, Eq)]
pub struct TrustedHostsError {
    entry: String,
}

impl fmt::Display for TrustedHostsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is neither a host, such as api.internal, nor all names beneath one, such as \
             *.internal: a scheme, a port, a path and other wildcards are not part of it",
            self.entry
        )
    }
}

impl std::error::Error for TrustedHostsError {}

impl TrustedHosts {
    /// Adds hosts.
    ///
    /// # Errors
    ///
    /// When one of them is none; the error names it.
    pub(super) fn extend<S: AsRef<str>>(
        &mut self,
        hosts: impl IntoIterator<Item = S>,
    ) -> Result<(), TrustedHostsError> {
        for entry in hosts {
            self.add(entry.as_ref()).ok_or_else(|| TrustedHostsError {
                // May have a password, as `https://user:password@api.internal` has.
                entry: telemetry_core::mask_urls(entry.as_ref()).into_owned(),
            })?;
        }
        Ok(())
    }

    fn add(&mut self, entry: &str) -> Option<()> {
        let entry = entry.trim();
        if let Some(parent) = entry.strip_prefix("*.") {
            let parent = host_as_in_urls(parent)?;
            // Nothing is beneath an address.
            let is_name = without_brackets(&parent).parse::<IpAddr>().is_err();
            is_name.then(|| self.suffixes.push(format!(".{parent}")))
        } else {
            let host = host_as_in_urls(entry)?;
            self.exact.push(without_brackets(&host).to_owned());
            Some(())
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
    without_brackets(host.strip_suffix('.').unwrap_or(host))
}

/// Spells a host as URLs of requests have it: names in lower case and ASCII, addresses in their
/// one form, without the dot of a fully qualified name. `None` for what is no host alone.
fn host_as_in_urls(text: &str) -> Option<String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if let Ok(address) = without_brackets(text).parse::<Ipv6Addr>() {
        let url = Url::parse(&format!("http://[{address}]/")).ok()?;
        return url.host_str().map(str::to_owned);
    }
    // What would end the host in a URL, or be left out of it, and the empty labels that it allows.
    let is_foreign = |c: char| c.is_whitespace() || c.is_control() || "/\\:@?#%*[]".contains(c);
    if text.contains(is_foreign) || text.split('.').any(str::is_empty) {
        return None;
    }
    let url = Url::parse(&format!("http://{text}/")).ok()?;
    url.host_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(entries: &[&str]) -> TrustedHosts {
        let mut hosts = TrustedHosts::default();
        hosts.extend(entries).unwrap();
        hosts
    }

    #[test]
    fn hosts_are_trusted_by_name_and_by_the_end_of_their_name() {
        let hosts = hosts(&["api.internal", "*.svc.cluster.local", "10.0.0.1", "[::1]"]);
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
            ("data:x", false),
        ] {
            assert_eq!(hosts.has(&Url::parse(url).unwrap()), is_trusted, "{url}");
        }
    }

    #[test]
    fn each_spelling_of_a_host_matches_its_url() {
        for (entry, url) in [
            ("API.Internal", "http://api.internal/"),
            (" api.internal ", "http://api.internal/"),
            ("api.internal.", "http://api.internal/"),
            ("localhost", "http://LOCALHOST:1/"),
            ("bücher.example", "http://bücher.example/"),
            ("*.bücher.example", "http://a.xn--bcher-kva.example/"),
            ("*.SVC.local.", "http://a.svc.local/"),
            ("under_score.internal", "http://under_score.internal/"),
            ("::1", "http://[::1]/"),
            ("[0:0::0001]", "http://[::1]/"),
            ("2001:DB8::1", "http://[2001:db8:0::1]/"),
            ("::ffff:10.0.0.1", "http://[::ffff:10.0.0.1]/"),
            ("127.1", "http://127.0.0.1/"),
        ] {
            assert!(hosts(&[entry]).has(&Url::parse(url).unwrap()), "{entry}");
        }
    }

    #[test]
    fn an_entry_that_no_request_can_match_is_an_error() {
        for entry in [
            "https://api.internal:8443",
            "https://api.internal",
            "//api.internal",
            "api.internal:8443",
            "10.0.0.1:80",
            "[::1]:80",
            "api.internal/",
            "api.internal/v1",
            "user@api.internal",
            "api.internal?x",
            "api.internal#x",
            "api internal",
            "api.internal, other.internal",
            "api.internal other.internal",
            "",
            " ",
            ".",
            "..",
            ".internal",
            "api..internal",
            "*",
            "*.",
            "**",
            "*.*",
            "**.internal",
            "*internal",
            "api.*",
            "api.*.internal",
            "*.api.internal:8443",
            "*.10.0.0.1",
            "*.[::1]",
            "10.0.0.0/8",
            "256.0.0.1",
            "[::1",
            "[api.internal]",
            "fe80::1%eth0",
            "api%2einternal",
            "api\u{0}internal",
            "api\\internal",
        ] {
            let error = TrustedHosts::default().extend([entry]).unwrap_err();
            let named = format!("{entry:?} is neither a host");
            assert!(error.to_string().starts_with(&named), "{error}");
        }
    }

    #[test]
    fn a_refused_entry_is_shown_without_its_password() {
        let entries = ["https://user:hunter2@api.internal"];
        let error = TrustedHosts::default().extend(entries).unwrap_err();
        let shown = error.to_string();
        assert!(
            shown.contains("api.internal") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
