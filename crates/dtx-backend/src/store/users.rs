//! Users.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// A user, without anything secret.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) username: String,
    /// May change everything.
    pub(crate) is_staff: bool,
    pub(crate) created_at: Timestamp,
}

impl Record for User {
    const NAME: &'static str = "user";
    const TABLE: &'static str = "users";
    const SELECT: &'static str = "SELECT id, username, is_staff, created_at FROM users";
    const CONFLICT: &'static str = "the username is taken";
    type Filter = UserFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.id
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct UserFilter {}

impl From<UserFilter> for Conditions {
    fn from(UserFilter {}: UserFilter) -> Self {
        Self::new()
    }
}

/// What is to change of a user; `None` stays as it is.
#[derive(Debug, Default)]
pub(crate) struct UserChanges {
    pub(crate) username: Option<String>,
    /// Ends the user's sessions too.
    pub(crate) password_hash: Option<String>,
    pub(crate) is_staff: Option<bool>,
}

impl Store {
    pub(crate) async fn create_user(
        &self,
        username: &str,
        password_hash: &str,
    ) -> Result<User, StoreError> {
        let query = "INSERT INTO users (username, password_hash, is_staff, created_at) \
                     VALUES ($1, $2, FALSE, $3) RETURNING id";
        self.insert(
            sqlx::query(query)
                .bind(username)
                .bind(password_hash)
                .bind(Timestamp::now()),
        )
        .await
    }

    pub(crate) async fn update_user(
        &self,
        id: i64,
        changes: &UserChanges,
    ) -> Result<User, StoreError> {
        let mut transaction = self.pool.begin().await?;
        let query = "UPDATE users SET username = COALESCE($2, username), \
                     password_hash = COALESCE($3, password_hash), \
                     is_staff = COALESCE($4, is_staff) WHERE id = $1";
        sqlx::query(query)
            .bind(id)
            .bind(&changes.username)
            .bind(&changes.password_hash)
            .bind(changes.is_staff)
            .execute(&mut *transaction)
            .await
            .map_err(StoreError::of_change::<User>)?;
        if changes.password_hash.is_some() {
            sqlx::query("DELETE FROM sessions WHERE user_id = $1")
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }

    /// The id and the password hash of a user, by the name in any case.
    pub(crate) async fn credentials(
        &self,
        username: &str,
    ) -> Result<Option<(i64, String)>, StoreError> {
        let query = "SELECT id, password_hash FROM users WHERE lower(username) = lower($1)";
        let credentials = sqlx::query_as(query).bind(username);
        Ok(credentials.fetch_optional(&self.pool).await?)
    }
}
