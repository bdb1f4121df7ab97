//! The id of a request: taken over when it is sane, else made anew.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use telemetry_core::is_valid_request_id;
use uuid::Uuid;

/// The header that carries it, unless another is configured.
pub(crate) const DEFAULT_HEADER: HeaderName = HeaderName::from_static("x-request-id");

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
            Some(value) if is_valid_request_id(value.as_bytes()) => Self(value.clone()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_is_a_uuid_of_version_4() {
        let id = RequestId::random();
        let uuid: Uuid = id.as_str().parse().unwrap();
        assert_eq!(uuid.get_version_num(), 4);
        assert_eq!(id.as_str().len(), 36);
    }
}
