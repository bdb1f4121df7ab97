//! What a request id may be, and how a new one is made.

use uuid::Uuid;

use crate::encode;
use crate::value::{FieldValue, ValueEncoder};

const LONGEST: usize = 128;
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
