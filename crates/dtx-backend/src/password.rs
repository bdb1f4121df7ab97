//! Passwords: hashed with argon2id, off the threads that serve requests.

use std::sync::Arc;

use anyhow::Context as _;
use argon2::Argon2;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use tokio::sync::Semaphore;

/// How many passwords are hashed at a time. Each takes 19 MiB and a core.
const AT_A_TIME: usize = 2;

/// What a password is compared with when there is no such user, so that the answer takes as
/// long: the hash of a random text that nobody knows, with the parameters of all others.
const NOBODYS_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$FajmbKRKLIHboTOuj+cQcA$\
                            8FuUz/WoRW95D0foQUEV/VvWGSukqFwSy4QvuUcvrvk";

/// Hashes and verifies passwords. Clones share the same turns.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
        }
    }

    /// Hashes a password, with a salt of its own, into PHC form.
    ///
    /// # Errors
    ///
    /// When the operating system has no random bits.
    pub(crate) async fn hash(&self, password: String) -> anyhow::Result<String> {
        self.in_turn(move || {
            let hash = Argon2::default().hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string())
        })
        .await?
        .context("cannot hash a password")
    }

    /// Says whether a password is the one that was hashed. It never is the one of `None`,
    /// which takes as long.
    ///
    /// # Errors
    ///
    /// When the hash is none.
    pub(crate) async fn verify(
        &self,
        password: String,
        hash: Option<String>,
    ) -> anyhow::Result<bool> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODYS_HASH.to_owned());
        self.in_turn(move || {
            let hash = PasswordHash::new(&hash)?;
            match Argon2::default().verify_password(password.as_bytes(), &hash) {
                Ok(()) => Ok(is_known),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(anyhow::Error::from(error)),
            }
        })
        .await?
        .context("cannot verify a password")
    }

    /// Runs work on a blocking thread when it is its turn.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await?;
        let work = telemetry_core::spawn_blocking(move || {
            // Held until the work is done, also when nobody waits for it any more.
            let _turn = turn;
            work()
        });
        work.await.context("the thread that hashes passwords ended")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_alone_is_right() {
        let passwords = Passwords::new();
        let hash = passwords.hash("first-pick".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        for (password, expected) in [("first-pick", true), ("first-Pick", false), ("", false)] {
            let is_right = passwords.verify(password.into(), Some(hash.clone()));
            assert_eq!(is_right.await.unwrap(), expected, "{password}");
        }
    }

    #[tokio::test]
    async fn each_hash_has_a_salt_of_its_own() {
        let passwords = Passwords::new();
        let [a, b] = [(); 2].map(|()| passwords.hash("first-pick".into()));
        assert_ne!(a.await.unwrap(), b.await.unwrap());
    }

    #[tokio::test]
    async fn nobody_has_a_right_password_and_it_costs_as_much_to_find_out() {
        let passwords = Passwords::new();
        assert!(!passwords.verify("first-pick".into(), None).await.unwrap());
        let parameters = |hash: &str| {
            let mut parts: Vec<_> = hash.split('$').map(str::to_owned).collect();
            parts.truncate(4);
            parts
        };
        let hash = passwords.hash("first-pick".into()).await.unwrap();
        assert_eq!(parameters(NOBODYS_HASH), parameters(&hash));
    }

    #[tokio::test]
    async fn a_hash_that_is_none_is_an_error() {
        let passwords = Passwords::new();
        let verified = passwords.verify("first-pick".into(), Some("x".into()));
        assert!(verified.await.is_err());
    }
}
