//! Query strings without secrets.

use percent_encoding::percent_decode_str;
use telemetry_core::is_sensitive;

const REDACTED: &str = "[redacted]";

/// Parameters that sign a URL for cloud storage: who has them may use it.
const SIGNATURES: [&str; 4] = ["awsaccesskeyid", "sig", "signature", "x-goog-signature"];

/// Replaces the values of sensitive parameters, however their names are encoded.
pub(crate) fn redacted(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    for (at, parameter) in query.split('&').enumerate() {
        if at > 0 {
            out.push('&');
        }
        match parameter.split_once('=') {
            Some((name, _)) if is_secret(name) => {
                out.push_str(name);
                out.push('=');
                out.push_str(REDACTED);
            }
            _ => out.push_str(parameter),
        }
    }
    out
}

/// Replaces all values. What has no name is a value too.
#[cfg(feature = "client")]
pub(crate) fn without_values(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    for (at, parameter) in query.split('&').enumerate() {
        if at > 0 {
            out.push('&');
        }
        if let Some((name, _)) = parameter.split_once('=') {
            out.push_str(name);
            out.push('=');
        }
        if !parameter.is_empty() {
            out.push_str(REDACTED);
        }
    }
    out
}

fn is_secret(name: &str) -> bool {
    let name = percent_decode_str(name).decode_utf8_lossy();
    // `user[password]` is a field of a form.
    let name = name.trim_end_matches(']');
    let is_signature = |known: &&str| name.to_ascii_lowercase().ends_with(*known);
    is_sensitive(name) || SIGNATURES.iter().any(is_signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_secrets_are_replaced() {
        for (query, expected) in [
            ("", ""),
            ("page=2&sort=name", "page=2&sort=name"),
            ("token=abc&page=2", "token=[redacted]&page=2"),
            ("a=1&access_token=a=b", "a=1&access_token=[redacted]"),
            ("passw%6Frd=x", "passw%6Frd=[redacted]"),
            ("user%5Bpassword%5D=x", "user%5Bpassword%5D=[redacted]"),
            (
                "X-Amz-Signature=x&X-Amz-Date=1",
                "X-Amz-Signature=[redacted]&X-Amz-Date=1",
            ),
            ("sig=x&sigma=1", "sig=[redacted]&sigma=1"),
            ("token", "token"),
            ("%ff=1&&=", "%ff=1&&="),
        ] {
            assert_eq!(redacted(query), expected, "{query}");
        }
    }
}
