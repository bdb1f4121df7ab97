//! Which keys hold secrets.

use crate::append_only::AppendOnly;
use crate::in_effect;
use crate::redact::endings::{AllEndings, Endings};
use crate::redact::words::{Place, REPETITIONS, WORDS, Word, ends_with_words, normalized};

/// All lists there were: they are few, and live as long as the program.
static ALL: AppendOnly<SensitiveKeys, 1> = AppendOnly::new();

/// Says whether a text under `key` is a secret, which is replaced by `[redacted]`: the last words
/// of the key are the name of one, in any case and however they are joined.
///
/// `password`, `user.password`, `x-api-key`, `accessToken`, `SET_COOKIE`, `password_confirmation`
/// and `user[password][]` are such keys; `token_count` and `max_tokens` are not. `pass`, `pin`,
/// `otp`, `sid` and `bearer` are secrets only as the whole key. A number or a boolean is replaced
/// only under `pin`, `otp`, `passcode` and keys of one's own. The list is the built-in one with
/// what [`Config::with_redacted_keys`](crate::Config::with_redacted_keys) added to the telemetry that is
/// installed, or that [runs](crate::Telemetry::run) on this thread.
#[inline(always)]
#[must_use]
pub fn is_sensitive(key: &str) -> bool {
    sensitivity(key) != Sensitivity::None
}

/// Says whether a number or a boolean under `key` is a secret too, as it is under `pin`, `otp`,
/// `passcode` and keys of one's own. Such a key [is sensitive](is_sensitive).
#[must_use]
pub fn is_sensitive_number(key: &str) -> bool {
    sensitivity(key) == Sensitivity::All
}

/// Which values under a key are secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sensitivity {
    None,
    /// Texts and lists of them.
    Texts,
    /// Numbers and booleans too.
    All,
}

/// Says which values under `key` are secrets.
#[inline(always)]
pub(crate) fn sensitivity(key: &str) -> Sensitivity {
    // Nearly every key is excluded by its last letters (bench `scope`).
    if AllEndings::get().has(without_last_digits(key)) {
        find(key)
    } else {
        Sensitivity::None
    }
}

#[cold]
#[inline(never)]
fn find(key: &str) -> Sensitivity {
    in_effect::current().sensitive_keys.find(key)
}

/// Says whether the last word of the name of a parameter is a secret in queries only.
pub(crate) fn is_sensitive_parameter(name: &str) -> bool {
    let name = normalized(stem(name));
    let mut words = WORDS.iter().filter(|word| word.place == Place::Query);
    words.any(|word| ends_with_words(&name, word.name))
}

/// A list of names of secrets.
#[derive(Debug)]
pub(crate) struct SensitiveKeys {
    /// The names beside those that are built in, sorted.
    additional: Vec<String>,
    words: Vec<Word<String>>,
    /// The endings of the names.
    names: Endings,
}

impl PartialEq for SensitiveKeys {
    fn eq(&self, other: &Self) -> bool {
        self.additional == other.additional
    }
}

impl Eq for SensitiveKeys {}

impl SensitiveKeys {
    /// The built-in list with these names.
    pub(crate) fn with(additional: &[String]) -> &'static Self {
        let mut additional: Vec<_> = additional.iter().map(|name| normalized(name)).collect();
        additional.sort();
        additional.dedup();
        let is_it = |known: &Self| known.additional == additional;
        // A list is found by others only when keys are no longer excluded by what it has.
        ALL.find_or_add(0, is_it, || {
            let list = Self::new(&additional);
            AllEndings::get().add(&list.endings());
            list
        })
    }

    pub(super) fn new(additional: &[String]) -> Self {
        let built_in = WORDS.iter().filter(|word| word.place != Place::Query);
        let built_in = built_in.map(|word| Word {
            name: word.name.to_owned(),
            place: word.place,
            numbers: word.numbers,
        });
        let added = additional.iter().map(|name| Word {
            name: normalized(name),
            place: Place::Ending,
            numbers: true,
        });
        let words: Vec<_> = built_in
            .chain(added)
            .filter(|word| !word.name.is_empty())
            .collect();
        let mut names = Endings::default();
        for word in &words {
            names.add(without_last_digits(&word.name));
        }
        Self {
            additional: additional.to_vec(),
            words,
            names,
        }
    }

    /// The endings of keys that may hold secrets: those of the names and of repetitions.
    pub(super) fn endings(&self) -> Endings {
        let mut endings = self.names.clone();
        for word in REPETITIONS {
            endings.add(word);
        }
        endings
    }

    fn find(&self, key: &str) -> Sensitivity {
        let stem = stem(key);
        let may_match = |word: &Word<String>| word.may_end(stem) || word.may_end(key);
        if !self.names.has(stem) || !self.words.iter().any(may_match) {
            return Sensitivity::None;
        }
        let (stem, key) = (normalized(stem), normalized(key));
        let mut found = Sensitivity::None;
        for word in &self.words {
            if word.matches(&stem) || word.matches(&key) {
                if word.numbers {
                    return Sensitivity::All;
                }
                found = Sensitivity::Texts;
            }
        }
        found
    }
}

/// Takes digits, brackets and separators off the end of a key.
#[inline(always)]
fn without_last_digits(key: &str) -> &str {
    if key.as_bytes().last().is_some_and(u8::is_ascii_alphabetic) {
        key
    } else {
        trimmed(key)
    }
}

#[cold]
#[inline(never)]
fn trimmed(key: &str) -> &str {
    key.trim_end_matches(|last: char| !last.is_alphabetic())
}

/// Takes repetitions off the end of a key too.
fn stem(key: &str) -> &str {
    let mut stem = trimmed(key);
    while let Some(before) = REPETITIONS
        .iter()
        .find_map(|word| strip_suffix_in_any_case(stem, word))
    {
        stem = trimmed(before);
    }
    stem
}

fn strip_suffix_in_any_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let (before, end) = text.split_at_checked(text.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix).then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognized_by_the_last_words_of_their_key() {
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
            "session_id",
            "session.id",
            "signing_key",
            "SIGNING-KEY",
            "passcode",
            "door.passcode",
        ] {
            assert!(is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn digits_brackets_and_repetitions_are_taken_off_a_key() {
        for key in [
            "password1",
            "password_2",
            "new.password[0]",
            "password_confirmation",
            "passwordConfirmation",
            "passwordConfirm2",
            "password_again",
            "PASSWORD_CONFIRM",
            "password_again_confirmation",
            "user[password][]",
            "token[]",
            "token-",
            "pin2",
            "otp[]",
            "pin_confirmation",
        ] {
            assert!(is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn plurals_of_secrets_are_secrets() {
        for key in [
            "passwords",
            "old_passwords",
            "secrets",
            "credentials",
            "cookies",
            "api_keys",
            "apiKeys",
            "access_tokens",
            "refreshTokens",
        ] {
            assert!(is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn short_words_are_secrets_as_the_whole_key_alone() {
        for key in ["pass", "pin", "otp", "sid", "bearer", "PIN", "connect.sid"] {
            assert!(is_sensitive(key), "{key}");
        }
        for key in [
            "rules.pass",
            "gpio.pin",
            "hero_sid",
            "ring_bearer",
            "bypass",
            "is_otp",
        ] {
            assert!(!is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn numbers_are_secrets_where_they_authorize() {
        for key in ["pin", "otp", "passcode", "door_passcode", "pin1", "OTP"] {
            assert_eq!(sensitivity(key), Sensitivity::All, "{key}");
        }
        for key in ["token", "passwords", "session_id", "pass", "sid"] {
            assert_eq!(sensitivity(key), Sensitivity::Texts, "{key}");
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
            "input_tokens",
            "close_code",
            "http.status_code",
            "code.function.name",
            "code",
            "state",
            "session_count",
            "dsn",
            "database_url",
            "secretary",
            "password_length",
            "cookie_consent",
            "confirmation",
            "again",
            "key",
            "author",
            "keyboard",
            "é",
            "1",
            "tournament.id",
            "http.route",
            "broken",
            "region",
        ] {
            assert!(!is_sensitive(key), "{key}");
        }
    }

    #[test]
    fn some_parameters_are_secrets_in_queries_alone() {
        for name in [
            "code",
            "state",
            "auth_code",
            "X-Goog-Signature",
            "sig",
            "key[]",
        ] {
            assert!(is_sensitive_parameter(name), "{name}");
            assert!(!is_sensitive(name), "{name}");
        }
        for name in ["codes", "code_size", "sigma", "monkey"] {
            assert!(!is_sensitive_parameter(name), "{name}");
        }
    }

    #[test]
    fn every_name_matches_itself_and_an_added_one_does_too() {
        let added = ["steam-Guard", "x", "ключ", "pin4", "42"].map(str::to_owned);
        let keys = SensitiveKeys::new(&added);
        let built_in = WORDS.iter().filter(|word| word.place != Place::Query);
        for name in built_in.map(|word| word.name).chain([
            "steam_guard",
            "account.steamGuard",
            "x",
            "a.x",
            "МойКлюч",
            "card_pin4",
            "a.42",
        ]) {
            assert_ne!(keys.find(name), Sensitivity::None, "{name}");
        }
        for name in ["guard", "ax", "card_pin", "pin5x"] {
            assert_eq!(keys.find(name), Sensitivity::None, "{name}");
        }
        assert_eq!(keys.find("steam_guard"), Sensitivity::All);
    }

    #[test]
    fn usual_keys_are_excluded_by_their_last_letters() {
        let endings = SensitiveKeys::new(&[]).endings();
        for key in [
            "request.id",
            "user.id",
            "user_id",
            "labels",
            "tournament.id",
            "draft.id",
            "match.id",
            "task.name",
            "task.attempt",
            "http.method",
            "http.route",
            "duration_ms",
            "trace_id",
            "client_ip",
        ] {
            assert!(!endings.has(key), "{key}");
        }
    }
}
