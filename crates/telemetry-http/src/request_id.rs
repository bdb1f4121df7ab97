//! The id of a request: taken over when it is sane, else made anew.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use telemetry_core::{RandomId, is_valid_request_id};

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
        // It is a valid header value: the fallback is never reached.
        let value = HeaderValue::from_str(RandomId::new().as_str());
        Self(value.unwrap_or(HeaderValue::from_static("-")))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}
