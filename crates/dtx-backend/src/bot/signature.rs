//! Whether a request is Discord's, and of just now.
//!
//! <https://discord.com/developers/docs/interactions/overview#setting-up-an-endpoint-validating-security-request-headers>

use std::fmt;

use axum::http::{HeaderMap, HeaderName};
use ring::signature::{ED25519, UnparsedPublicKey};

use crate::timestamp::Timestamp;

const SIGNATURE: HeaderName = HeaderName::from_static("x-signature-ed25519");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-signature-timestamp");
/// How many seconds a request's time may differ from ours: what is recorded and sent again is
/// refused from then on.
const TOLERANCE: u64 = 300;

/// The key whose owner signs requests.
#[derive(Clone)]
pub(crate) struct PublicKey(UnparsedPublicKey<[u8; 32]>);

impl PublicKey {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(UnparsedPublicKey::new(&ED25519, key))
    }

    /// Says whether the owner has signed this body, not long before or after `now`.
    pub(super) fn has_signed(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> bool {
        let (Some(signature), Some(timestamp)) =
            (single(headers, &SIGNATURE), single(headers, &TIMESTAMP))
        else {
            return false;
        };
        let mut bytes = [0; 64];
        if hex::decode_to_slice(signature, &mut bytes).is_err() || !is_recent(timestamp, now) {
            return false;
        }
        let message = [timestamp.as_bytes(), body].concat();
        self.0.verify(&message, &bytes).is_ok()
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublicKey")
    }
}

/// The value of a header that is there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// Says whether a text is a time in seconds since the beginning of 1970, near `now`.
fn is_recent(text: &str, now: Timestamp) -> bool {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = is_digits.then(|| text.parse::<i64>().ok()).flatten();
    seconds.is_some_and(|seconds| seconds.abs_diff(now.to_unix()) <= TOLERANCE)
}

#[cfg(test)]
mod tests;
