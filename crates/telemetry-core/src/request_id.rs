//! What a request id may be, and how a new one is made.

use std::borrow::Cow;

use uuid::Uuid;

use crate::encode;
use crate::names;
use crate::scope::{Scope, with_current};
use crate::value::{FieldValue, Value, ValueEncoder};

const LONGEST: usize = 128;
/// The namespace of the UUIDs that are made from other ids.
const NAMESPACE: Uuid = Uuid::from_u128(0x5b0c_9f1e_6a37_4d0f_9d55_0c3a_7e21_b84d);
/// `7d9c4f0e-3b52-4a6e-9f0a-1c2d3e4f5a6b`
const UUID_LENGTH: usize = 36;

/// A random UUID (version 4, RFC 9562) as text: what a request or a connection is called that has
/// no id yet.
///
/// ```
/// let id = telemetry_core::RandomId::new();
/// assert!(telemetry_core::is_valid_request_id(id.as_str()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RandomId([u8; UUID_LENGTH]);

impl RandomId {
    /// Makes a new one.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "each is another one")]
    pub fn new() -> Self {
        let digits = encode::hex_digits(Uuid::new_v4().into_bytes());
        let digits = digits.as_flattened();
        let mut text = [b'-'; UUID_LENGTH];
        text[..8].copy_from_slice(&digits[..8]);
        text[9..13].copy_from_slice(&digits[8..12]);
        text[14..18].copy_from_slice(&digits[12..16]);
        text[19..23].copy_from_slice(&digits[16..20]);
        text[24..].copy_from_slice(&digits[20..]);
        Self(text)
    }

    /// Its 36 characters, as [`as_str`](Self::as_str) has them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Its 36 characters: lower-case hexadecimal digits and four dashes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Digits and dashes are always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FieldValue for RandomId {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        encoder.plain(&self.0);
    }
}

/// Says whether a request id from elsewhere can be taken over: 1 to 128 characters of
/// `A-Z a-z 0-9 . _ : -`.
///
/// ```
/// use telemetry_core::is_valid_request_id;
///
/// assert!(is_valid_request_id("abc-123"));
/// assert!(!is_valid_request_id("abc 123"));
/// ```
#[must_use]
pub fn is_valid_request_id(id: impl AsRef<[u8]>) -> bool {
    let id = id.as_ref();
    (1..=LONGEST).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

/// The request id of a job or message that has an id of its own and no request id: that id if it
/// is [valid](is_valid_request_id), else a UUID (version 5, RFC 9562) made from it. The same id
/// always gives the same request id.
///
/// ```
/// use telemetry_core::instrument::request_id_from;
///
/// assert_eq!(request_id_from("order-7"), "order-7");
/// assert_eq!(request_id_from("order 7"), "53c970fa-0582-5ad1-8b86-fd19395d144a");
/// ```
#[must_use]
pub fn request_id_from(id: &str) -> Cow<'_, str> {
    if is_valid_request_id(id) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(Uuid::new_v5(&NAMESPACE, id.as_bytes()).to_string())
}

/// The scope in which a job or message is sent where the current scope gives it no request id: a
/// [snapshot](Scope::snapshot) with a new one. `None` where the current scope has a
/// [valid](is_valid_request_id) one, which is to be used as it is.
///
/// What is sent then has one request id, with all its attempts. Lines about the sending belong
/// into this scope, so that the same id finds them.
#[must_use]
pub fn sending_scope() -> Option<Scope> {
    let id = with_current(|scope| scope.get(names::REQUEST_ID)).flatten();
    if let Some(Value::String(id)) = &id
        && is_valid_request_id(id)
    {
        return None;
    }
    let scope = Scope::snapshot();
    scope.bind(names::REQUEST_ID, RandomId::new());
    Some(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_is_a_uuid_of_version_4() {
        let id = RandomId::new();
        let uuid: Uuid = id.as_str().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 4);
        assert_eq!(uuid.to_string(), id.as_str());
        assert_ne!(RandomId::new(), id);
    }

    #[test]
    fn an_id_that_is_not_valid_becomes_a_uuid() {
        for id in ["", "a b", "é", "a\nb", &"x".repeat(129)] {
            let made = request_id_from(id);
            let uuid: Uuid = made.parse().unwrap();
            assert_eq!(uuid.get_version_num(), 5, "{id}");
            assert_eq!(request_id_from(id), made);
        }
        assert_ne!(request_id_from("a b"), request_id_from("a  b"));
        assert_eq!(request_id_from("a:b"), "a:b");
    }

    #[test]
    fn what_is_sent_within_a_request_needs_no_other_scope() {
        assert!(sending_scope().is_some());
        let named = |id: &str| Scope::builder().field(names::REQUEST_ID, id).build();
        assert!(named("abc-123").in_scope(sending_scope).is_none());
        let outer = named("not valid");
        outer.bind("batch", 5);
        let scope = outer.in_scope(sending_scope).unwrap();
        let Some(Value::String(id)) = scope.get(names::REQUEST_ID) else {
            panic!("{scope:?}");
        };
        assert!(is_valid_request_id(id));
        assert_eq!(scope.get("batch").unwrap(), 5);
        assert_eq!(outer.get(names::REQUEST_ID).unwrap(), "not valid");
    }

    #[test]
    fn ids_of_the_alphabet_and_length_are_valid() {
        assert!(is_valid_request_id("a"));
        assert!(is_valid_request_id("Az09._:-"));
        assert!(is_valid_request_id([b'x'; 128]));
        assert!(!is_valid_request_id(""));
        assert!(!is_valid_request_id([b'x'; 129]));
        for byte in 0..=u8::MAX {
            let is_listed = byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
            assert_eq!(is_valid_request_id([b'a', byte, b'z']), is_listed, "{byte}");
        }
    }
}
