//! Which keys hold secrets.

mod urls;

use std::sync::OnceLock;

pub use urls::{mask_query, mask_query_values, mask_urls};

/// What stands in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";

/// The names of secrets, each as words joined by underscores.
const NAMES: [&str; 24] = [
    "access_key",
    "api_key",
    "apikey",
    "authorization",
    "client_secret",
    "connection_string",
    "cookie",
    "cookies",
    "credential",
    "credentials",
    "jwt",
    "passphrase",
    "passwd",
    "password",
    "password_hash",
    "private_key",
    "proxy_authorization",
    "pwd",
    "secret",
    "secret_key",
    "secrets",
    "session_key",
    "set_cookie",
    "token",
];

/// The names of parameters that are secrets in a query, where they authorize: signatures and keys
/// of cloud storage, and the codes of OAuth.
const PARAMETERS: [&str; 6] = ["awsaccesskeyid", "code", "key", "sig", "signature", "state"];

static SENSITIVE: OnceLock<SensitiveKeys> = OnceLock::new();

/// Says whether the value under `key` is kept off log lines: the last words of the key are
/// the name of a secret, in any case and however they are joined.
///
/// `password`, `user.password`, `x-api-key`, `accessToken` and `SET_COOKIE` are such keys;
/// `token_count` and `passwords_checked` are not. The list is the built-in one with what
/// [`Config::with_redacted_keys`](crate::Config::with_redacted_keys) added when telemetry
/// was installed.
#[inline(always)]
#[must_use]
pub fn is_sensitive(key: &str) -> bool {
    SENSITIVE
        .get_or_init(|| SensitiveKeys::new(&[]))
        .matches(key)
}

/// Says whether the last word of the name of a query's parameter is a secret in queries alone.
pub(crate) fn is_sensitive_parameter(name: &str) -> bool {
    let name = normalized(name);
    let name = name.trim_end_matches('_');
    let last = name.rsplit('_').next();
    last.is_some_and(|last| PARAMETERS.contains(&last))
}

/// Sets the list, unless one is set or used already.
pub(crate) fn extend(additional: &[String]) {
    // A second installation does nothing, here too.
    let _already_set = SENSITIVE.set(SensitiveKeys::new(additional));
}

struct SensitiveKeys {
    /// As words joined by underscores, lower case.
    names: Vec<String>,
    /// A bit for each ending that a name has. See [`ending`].
    endings: Box<[u64; ENDINGS / 64]>,
}

impl SensitiveKeys {
    fn new(additional: &[String]) -> Self {
        let names: Vec<_> = NAMES
            .into_iter()
            .chain(additional.iter().map(String::as_str))
            .map(normalized)
            .filter(|name| !name.is_empty())
            .collect();
        let mut endings = Box::new([0; ENDINGS / 64]);
        for name in &names {
            if name.len() >= 3 && name.is_ascii() {
                let ending = ending(name);
                endings[ending / 64] |= 1 << (ending % 64);
            } else {
                // Short names end many keys, and the case of other letters does not fold
                // away: look at every key.
                endings.fill(u64::MAX);
            }
        }
        Self { names, endings }
    }

    #[inline(always)]
    fn matches(&self, key: &str) -> bool {
        // Nearly every key is told by its last bytes to be none of these.
        let ending = ending(key);
        self.endings[ending / 64] >> (ending % 64) & 1 == 1 && self.matches_words(key)
    }

    #[cold]
    #[inline(never)]
    fn matches_words(&self, key: &str) -> bool {
        let key = normalized(key);
        self.names.iter().any(|name| {
            key.strip_suffix(name.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('_'))
        })
    }
}

const ENDINGS: usize = 1 << 15;

/// The last three bytes, each folded to 5 bits, which also folds the case of letters.
#[inline(always)]
fn ending(key: &str) -> usize {
    match key.as_bytes() {
        [.., a, b, c] => usize::from(a & 31) << 10 | usize::from(b & 31) << 5 | usize::from(c & 31),
        // No name is as short, unless all keys are looked at.
        _ => 0,
    }
}

/// Splits a key into words at separators and where lower case turns to upper, and joins
/// them with underscores in lower case.
fn normalized(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    let mut after_lower = false;
    for character in key.chars() {
        if !character.is_alphanumeric() {
            out.push('_');
        } else {
            if after_lower && character.is_uppercase() {
                out.push('_');
            }
            out.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase() || character.is_numeric();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_the_last_words_of_their_key() {
        for key in [
            "password",
            "PASSWORD",
            "user.password",
            "db_password",
            "newPassword",
            "token",
            "access_token",
            "accessToken",
            "x-auth-token",
            "secret",
            "client.secret",
            "authorization",
            "http.request.header.authorization",
            "Proxy-Authorization",
            "cookie",
            "set-cookie",
            "api_key",
            "apiKey",
            "X-API-Key",
            "apikey",
            "private_key",
            "password_hash",
            "session_key",
        ] {
            assert!(is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn other_keys_are_left_alone() {
        for key in [
            "",
            "request.id",
            "user.id",
            "token_count",
            "tokens",
            "max_tokens",
            "secretary",
            "password_length",
            "cookie_consent",
            "key",
            "author",
            "keyboard",
            "session.id",
            "é",
            "tournament.id",
            "http.route",
            "broken",
        ] {
            assert!(!is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn every_name_matches_itself_and_an_added_one_does_too() {
        let keys = SensitiveKeys::new(&["steam-Guard".into(), "x".into(), "ключ".into()]);
        for name in
            NAMES
                .into_iter()
                .chain(["steam_guard", "account.steamGuard", "x", "a.x", "МойКлюч"])
        {
            assert!(keys.matches(name), "{name}");
        }
        assert!(!keys.matches("guard"));
        assert!(!keys.matches("ax"));
    }
}
