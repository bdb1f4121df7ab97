//! Who is logged in.

use time::Duration;

use crate::store::{Store, StoreError, User};
use crate::timestamp::Timestamp;

/// How long a login lasts.
pub(crate) const SESSION_LIFETIME: Duration = Duration::days(14);

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
        sqlx::query(query)
            .bind(token_hash)
            .bind(user_id)
            .bind(now)
            .bind(now.plus(SESSION_LIFETIME))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Deletes the sessions that have expired; how many.
    pub(crate) async fn delete_expired_sessions(&self) -> Result<u64, StoreError> {
        let deleted = sqlx::query("DELETE FROM sessions WHERE expires_at <= $1")
            .bind(Timestamp::now())
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected())
    }

    /// The user of a session that has not expired.
    pub(crate) async fn user_of_session(
        &self,
        token_hash: &[u8],
    ) -> Result<Option<User>, StoreError> {
        let query = "SELECT users.id, username, is_staff, users.created_at FROM sessions \
                     JOIN users ON users.id = user_id \
                     WHERE token_hash = $1 AND expires_at > $2";
        let user = sqlx::query_as(query)
            .bind(token_hash)
            .bind(Timestamp::now());
        Ok(user.fetch_optional(&self.pool).await?)
    }

    /// Ends a session; `false` when there is none.
    pub(crate) async fn delete_session(&self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let deleted = sqlx::query("DELETE FROM sessions WHERE token_hash = $1")
            .bind(token_hash)
            .execute(&self.pool)
            .await?;
        Ok(deleted.rows_affected() > 0)
    }
}
