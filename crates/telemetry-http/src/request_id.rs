//! The id of a request: taken over when it is sane, else made anew.

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
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
    /// A new one that the request carries already.
    Carried(HeaderValue),
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

    /// Says whether the client sent it.
    pub(crate) fn is_sent(&self) -> bool {
        matches!(self, Self::Sent(_))
    }

    /// Sets it as the only one that a request carries.
    pub(crate) fn set_in(&mut self, headers: &mut HeaderMap, name: HeaderName) {
        if let Self::New(id) = self {
            *self = Self::Carried(header(*id));
        }
        if let Self::Sent(id) | Self::Carried(id) = self {
            // A map that is full stays as it is.
            let _full = headers.try_insert(name, id.clone());
        }
    }

    /// What the response carries. One that the request carries is taken away.
    pub(crate) fn take_header(&mut self) -> HeaderValue {
        match self {
            Self::New(id) => header(*id),
            Self::Sent(id) | Self::Carried(id) => {
                std::mem::replace(id, HeaderValue::from_static(""))
            }
        }
    }
}

// Not inlined: where the length is known, the compiler checks each character by itself.
#[inline(never)]
fn header(id: RandomId) -> HeaderValue {
    // One piece of memory for the header of the request and that of the response.
    let shared = Bytes::from_owner(Shared(id));
    // Its characters are valid in a header: the fallback is never reached.
    HeaderValue::from_maybe_shared(shared).unwrap_or(HeaderValue::from_static("-"))
}

/// The characters of a new id, shared by the headers that carry it.
struct Shared(RandomId);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FieldValue for RequestId {
    #[inline]
    fn encode(&self, encoder: ValueEncoder<'_>) {
        match self {
            Self::New(id) => id.encode(encoder),
            Self::Sent(id) | Self::Carried(id) => {
                encoder.string(id.to_str().unwrap_or_default());
            }
        }
    }
}
