//! Who is logged in.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use time::Duration;

use crate::store::{Store, StoreError, User};
use crate::timestamp::Timestamp;

/// How long a login lasts.
pub(crate) const SESSION_LIFETIME: Duration = Duration::days(14);

/// A session, which may have expired.
#[derive(Debug, Deserialize, FromRow, Serialize)]
pub(crate) struct Session {
    #[sqlx(flatten)]
    pub(crate) user: User,
    pub(crate) expires_at: Timestamp,
}

impl Store {
    /// Begins a session, known by the hash of its token. Deletes those that have expired.
    pub(crate) async fn create_session(
        &self,
        user_id: i64,
        token_hash: &[u8],
    ) -> Result<(), StoreError> {
        self.delete_expired_sessions().await?;
        let now = Timestamp::now();
        let query = "INSERT INTO sessions (token_hash, user_id, created_at, expires_at) \
                     VALUES ($1, $2, $3, $4)";
        self.query(query)
            .bind(token_hash)
            .bind(user_id)
            .bind(now)
            .bind(now.plus(SESSION_LIFETIME))
            .execute()
            .await?;
        Ok(())
    }

    /// Deletes the sessions that have expired; how many.
    pub(crate) async fn delete_expired_sessions(&self) -> Result<u64, StoreError> {
        let deleted = self
            .query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(Timestamp::now())
            .execute()
            .await?;
        Ok(deleted)
    }

    /// The session of a token.
    pub(crate) async fn session(&self, token_hash: &[u8]) -> Result<Option<Session>, StoreError> {
        let query = "SELECT users.id, username, is_staff, discord_id, users.created_at, \
                     expires_at FROM sessions JOIN users ON users.id = user_id \
                     WHERE token_hash = $1";
        let session = self.query(query).bind(token_hash);
        Ok(session.fetch_optional().await?)
    }

    /// Ends a session; `false` when there is none.
    pub(crate) async fn delete_session(&self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let deleted = self
            .query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(token_hash)
            .execute()
            .await?;
        Ok(deleted > 0)
    }
}
