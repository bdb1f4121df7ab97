//! Users.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// A user, without anything secret.
#[derive(Clone, Debug, Deserialize, FromRow, Serialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) username: String,
    /// May change everything.
    pub(crate) is_staff: bool,
    /// Who they are on Discord, in digits.
    pub(crate) discord_id: Option<String>,
    pub(crate) created_at: Timestamp,
}

impl Record for User {
    const NAME: &'static str = "user";
    const TABLE: &'static str = "users";
    const SELECT: &'static str = "SELECT id, username, is_staff, discord_id, created_at FROM users";
    const CONFLICT: &'static str = "the username or the Discord account is somebody else's";
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
    /// `Some(None)` is none any more.
    pub(crate) discord_id: Option<Option<String>>,
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
            self.query(query)
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
        let mut transaction = self.begin().await?;
        let query = "UPDATE users SET username = COALESCE($2, username), \
                     password_hash = COALESCE($3, password_hash), \
                     is_staff = COALESCE($4, is_staff), \
                     discord_id = CASE WHEN $5 THEN $6 ELSE discord_id END WHERE id = $1";
        transaction
            .query(query)
            .bind(id)
            .bind(&changes.username)
            .bind(&changes.password_hash)
            .bind(changes.is_staff)
            .bind(changes.discord_id.is_some())
            .bind(changes.discord_id.as_ref().and_then(Option::as_ref))
            .execute()
            .await
            .map_err(StoreError::of_change::<User>)?;
        if changes.password_hash.is_some() {
            transaction
                .query("DELETE FROM sessions WHERE user_id = $1")
                .bind(id)
                .execute()
                .await?;
        }
        transaction.commit().await?;
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }

    /// The user who is this one on Discord.
    pub(crate) async fn user_of_discord(
        &self,
        discord_id: &str,
    ) -> Result<Option<User>, StoreError> {
        let query = "SELECT id, username, is_staff, discord_id, created_at FROM users \
                     WHERE discord_id = $1";
        let user = self.query(query).bind(discord_id);
        Ok(user.fetch_optional().await?)
    }

    /// The id and the password hash of a user, by the name in any case.
    pub(crate) async fn credentials(
        &self,
        username: &str,
    ) -> Result<Option<(i64, String)>, StoreError> {
        let query = "SELECT id, password_hash FROM users WHERE lower(username) = lower($1)";
        let credentials = self.query(query).bind(username);
        Ok(credentials.fetch_optional().await?)
    }
}
