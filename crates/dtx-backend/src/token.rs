//! The tokens that sessions and other parts of the site are known by.

use std::fmt;

use anyhow::Context as _;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

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
        random_text().map(Self)
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

/// What a part of the site shows to act for users. Whoever has it can act for all of them.
#[derive(Clone)]
pub(crate) struct ApiToken(String);

impl ApiToken {
    /// The one of the settings, or a new one that this process alone knows.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bits.
    pub(crate) fn new(text: Option<&str>) -> anyhow::Result<Self> {
        match text {
            Some(text) => Ok(Self(text.to_owned())),
            None => random_text().map(Self),
        }
    }

    /// The text to be shown.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares it with what somebody shows. How long that takes tells nothing but the length.
    pub(crate) fn is(&self, shown: &str) -> bool {
        self.0.as_bytes().ct_eq(shown.as_bytes()).into()
    }
}

impl fmt::Debug for ApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiToken")
    }
}

/// 256 random bits.
fn random_text() -> anyhow::Result<String> {
    let mut bits = [0; 32];
    getrandom::fill(&mut bits).context("cannot make a token")?;
    Ok(Base64UrlUnpadded::encode_string(&bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_of_the_settings_is_itself_alone_and_never_shown() {
        let token = ApiToken::new(Some("s3cret")).unwrap();
        for (shown, is_it) in [
            ("s3cret", true),
            ("s3creT", false),
            ("s3cre", false),
            ("", false),
        ] {
            assert_eq!(token.is(shown), is_it, "{shown}");
        }
        assert_eq!(format!("{token:?}"), "ApiToken");
        let [a, b] = [(); 2].map(|()| ApiToken::new(None).unwrap());
        assert!(!a.is(b.as_str()));
    }

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
