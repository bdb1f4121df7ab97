//! Who is logged in, cached.

use base64ct::{Base64UrlUnpadded, Encoding as _};

use crate::cache::Cache;
use crate::store::{Session, Store, StoreError, User};
use crate::timestamp::Timestamp;
use crate::token::SessionToken;

/// The sessions. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    store: Store,
    cache: Cache,
}

/// Sessions that are about to change. They are still as they were.
#[derive(Debug)]
#[must_use = "the cache must be told once they have changed"]
pub(crate) struct SessionsOfUser {
    cache: Cache,
    keys: Vec<String>,
}

impl Sessions {
    pub(crate) fn new(store: Store, cache: Cache) -> Self {
        Self { store, cache }
    }

    /// The user of a session that has not expired.
    pub(crate) async fn user(&self, token: &SessionToken) -> Result<Option<User>, StoreError> {
        let hash = token.hash();
        let read = self.store.session(&hash);
        let session: Option<Session> = self.cache.value(&key(&hash), read).await?;
        let now = Timestamp::now();
        let session = session.filter(|session| session.expires_at > now);
        Ok(session.map(|session| session.user))
    }

    /// Ends a session; `false` when there is none.
    pub(crate) async fn end(&self, token: &SessionToken) -> Result<bool, StoreError> {
        let hash = token.hash();
        let was_there = self.store.delete_session(&hash).await?;
        self.cache.changed(vec![key(&hash)]).await;
        Ok(was_there)
    }

    /// Finds the sessions of a user who is about to be changed or deleted.
    pub(crate) async fn of_user(&self, id: i64) -> Result<SessionsOfUser, StoreError> {
        let hashes = self.store.session_hashes(id).await?;
        Ok(SessionsOfUser {
            cache: self.cache.clone(),
            keys: hashes.iter().map(|hash| key(hash)).collect(),
        })
    }
}

impl SessionsOfUser {
    /// The user has been changed or deleted.
    pub(crate) async fn changed(self) {
        if !self.keys.is_empty() {
            self.cache.changed(self.keys).await;
        }
    }
}

/// Made of the hash of a token: nobody can log in with it.
fn key(hash: &[u8]) -> String {
    format!("dtx:session:{}", Base64UrlUnpadded::encode_string(hash))
}
