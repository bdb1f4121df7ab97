//! The id of a request: taken over when it is sane, else made anew.

use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderName, HeaderValue};
use telemetry_core::{FieldValue, RandomId, ValueEncoder, is_valid_request_id};

/// The header that carries it, unless another is configured.
pub(crate) const DEFAULT_HEADER: HeaderName = HeaderName::from_static("x-request-id");

static REJECTED: AtomicU64 = AtomicU64::new(0);

/// How many request ids were replaced because they were not 1 to 128 characters of
/// `A-Z a-z 0-9 . _ : -`, since the process began. Their values are not logged.
#[must_use]
pub fn rejected_request_ids() -> u64 {
    REJECTED.load(Ordering::Relaxed)
}

/// The id of a request.
#[derive(Clone, Debug)]
pub(crate) enum RequestId {
    New(RandomId),
    /// As the client sent it: valid.
    Sent(HeaderValue),
}

impl RequestId {
    /// Takes the id that the client sent if it is valid, else makes a new one.
    pub(crate) fn of(sent: Option<&HeaderValue>) -> Self {
        match sent {
            Some(value) if is_valid_request_id(value.as_bytes()) => Self::Sent(value.clone()),
            Some(_) => {
                REJECTED.fetch_add(1, Ordering::Relaxed);
                Self::New(RandomId::new())
            }
            None => Self::New(RandomId::new()),
        }
    }

    /// What the response carries. One that the client sent is taken away.
    pub(crate) fn take_header(&mut self) -> HeaderValue {
        match self {
            Self::New(id) => header(id.as_bytes()),
            Self::Sent(id) => std::mem::replace(id, HeaderValue::from_static("")),
        }
    }
}

// Not inlined: where the length is known, the compiler checks each character by itself.
#[inline(never)]
fn header(id: &[u8]) -> HeaderValue {
    // Its characters are valid in a header: the fallback is never reached.
    HeaderValue::from_bytes(id).unwrap_or(HeaderValue::from_static("-"))
}

impl FieldValue for RequestId {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        match self {
            Self::New(id) => id.encode(encoder),
            Self::Sent(id) => encoder.string(id.to_str().unwrap_or_default()),
        }
    }
}
