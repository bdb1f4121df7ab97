//! The id of a request: taken over when it is sane, else made anew.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header that carries it, unless another is configured.
pub(crate) const DEFAULT_HEADER: HeaderName = HeaderName::from_static("x-request-id");

const LONGEST: usize = 128;

static REJECTED: AtomicU64 = AtomicU64::new(0);

/// How many request ids were replaced because they were not 1 to 128 characters of
/// `A-Z a-z 0-9 . _ : -`, since the process began. Their values are not logged.
#[must_use]
pub fn rejected_request_ids() -> u64 {
    REJECTED.load(Ordering::Relaxed)
}

/// A request id in the form that a response carries.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// Takes the id that the client sent if it is valid, else makes a new one. Of several
    /// headers the first counts.
    pub(crate) fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        match headers.get(name) {
            Some(value) if is_valid(value.as_bytes()) => Self(value.clone()),
            Some(_) => {
                REJECTED.fetch_add(1, Ordering::Relaxed);
                Self::random()
            }
            None => Self::random(),
        }
    }

    fn random() -> Self {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::new_v4().as_hyphenated().encode_lower(&mut text);
        // A UUID in text is a valid header value: the fallback is never reached.
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("-")))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

fn is_valid(value: &[u8]) -> bool {
    (1..=LONGEST).contains(&value.len())
        && value
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_alphabet_and_length_are_valid() {
        assert!(is_valid(b"a"));
        assert!(is_valid(b"Az09._:-"));
        assert!(is_valid(&[b'x'; 128]));
        assert!(!is_valid(b""));
        assert!(!is_valid(&[b'x'; 129]));
        for byte in 0..=u8::MAX {
            let is_listed = byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
            assert_eq!(is_valid(&[b'a', byte, b'z']), is_listed, "{byte}");
        }
    }

    #[test]
    fn a_new_id_is_a_uuid_of_version_4() {
        let id = RequestId::random();
        let uuid: Uuid = id.as_str().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 4);
        assert_eq!(id.as_str().len(), 36);
    }
}
