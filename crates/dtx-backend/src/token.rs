//! The tokens that sessions are known by.

use std::fmt;

use anyhow::Context as _;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};

/// What a client shows to be known again: 256 random bits, as text. The database has its
/// hash alone.
pub(crate) struct SessionToken(String);

impl SessionToken {
    /// Makes a new one.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bits.
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).context("cannot make a session token")?;
        Ok(Self(Base64UrlUnpadded::encode_string(&bits)))
    }

    /// Takes what a client sent.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text for the client.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// Its SHA-256. Enough for a secret that cannot be guessed.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_256_bits_and_never_the_same() {
        let [a, b] = [(); 2].map(|()| SessionToken::generate().unwrap().into_text());
        assert_eq!(Base64UrlUnpadded::decode_vec(&a).unwrap().len(), 32);
        assert_ne!(a, b);
    }

    #[test]
    fn the_hash_is_that_of_the_text_and_neither_is_shown() {
        let token = SessionToken::generate().unwrap();
        assert_eq!(format!("{token:?}"), "SessionToken");
        let hash = token.hash();
        assert_eq!(SessionToken::from_text(&token.into_text()).hash(), hash);
    }
}
