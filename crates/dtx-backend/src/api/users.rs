//! Users: signing up, and oneself.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path, even_null};
use crate::api::fields::FieldProblems;
use crate::api::resource;
use crate::api::session::Actor;
use crate::cache::{Sessions, Standings};
use crate::password::Passwords;
use crate::store::{Store, User, UserChanges};

const USERNAME_LENGTHS: std::ops::RangeInclusive<usize> = 3..=32;
const PASSWORD_LENGTHS: std::ops::RangeInclusive<usize> = 8..=128;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct SignUp {
    username: String,
    password: String,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct UserPatch {
    username: Option<String>,
    password: Option<String>,
    /// May be changed by the staff alone.
    is_staff: Option<bool>,
    /// `Some(None)` is none any more.
    #[serde(deserialize_with = "even_null")]
    discord_id: Option<Option<String>>,
}

/// Creates a user. Anybody may; it does not log in.
pub(super) async fn sign_up(
    State(store): State<Store>,
    State(passwords): State<Passwords>,
    extract::Json(new): extract::Json<SignUp>,
) -> Result<Response, Error> {
    check(Some(&new.username), Some(&new.password), None)?;
    let hash = passwords.hash(new.password).await?;
    let user = store.create_user(&new.username, &hash).await?;
    // Not `user.id`: that is who acts, and here nobody does.
    tracing::info!(new_user.id = user.id, "user_created");
    let headers = [(header::LOCATION, format!("/api/users/{}/", user.id))];
    Ok((StatusCode::CREATED, headers, Json(user)).into_response())
}

/// Answers with the user of the session.
pub(super) async fn me(Actor(user): Actor) -> Json<User> {
    Json(user)
}

/// Changes the user of the session.
pub(super) async fn update_me(
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    State(passwords): State<Passwords>,
    actor: Actor,
    extract::Json(patch): extract::Json<UserPatch>,
) -> Result<Json<User>, Error> {
    let id = actor.0.id;
    change(&store, &sessions, &passwords, &actor, id, patch).await
}

/// Changes a user. A new password ends all sessions of theirs.
pub(super) async fn update(
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    State(passwords): State<Passwords>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(patch): extract::Json<UserPatch>,
) -> Result<Json<User>, Error> {
    actor.owned::<User>(&store, id).await?;
    change(&store, &sessions, &passwords, &actor, id, patch).await
}

/// Deletes a user, who owns nothing.
pub(super) async fn delete(
    State(store): State<Store>,
    State(standings): State<Standings>,
    State(sessions): State<Sessions>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
) -> Result<StatusCode, Error> {
    let of_user = sessions.of_user(id).await?;
    let path = Path(Id(id));
    let deleted = resource::delete::<User>(State(store), State(standings), actor, path).await?;
    of_user.changed().await;
    Ok(deleted)
}

async fn change(
    store: &Store,
    sessions: &Sessions,
    passwords: &Passwords,
    actor: &Actor,
    id: i64,
    patch: UserPatch,
) -> Result<Json<User>, Error> {
    if patch.is_staff.is_some() && !actor.0.is_staff {
        return Err(Error::Forbidden);
    }
    check(
        patch.username.as_deref(),
        patch.password.as_deref(),
        patch.discord_id.as_ref().and_then(Option::as_deref),
    )?;
    let password_hash = match patch.password {
        Some(password) => Some(passwords.hash(password).await?),
        None => None,
    };
    let changes = UserChanges {
        username: patch.username,
        password_hash,
        is_staff: patch.is_staff,
        discord_id: patch.discord_id,
    };
    let of_user = sessions.of_user(id).await?;
    let user = store.update_user(id, &changes).await?;
    of_user.changed().await;
    tracing::info!(changed_user.id = id, "user_updated");
    Ok(Json(user))
}

fn check(
    username: Option<&str>,
    password: Option<&str>,
    discord_id: Option<&str>,
) -> Result<(), Error> {
    let mut problems = FieldProblems::new();
    if let Some(username) = username {
        problems.ensure(
            USERNAME_LENGTHS.contains(&username.len())
                && username
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)),
            "username",
            "must be 3 to 32 characters of A-Z a-z 0-9 - _ .",
        );
    }
    if let Some(password) = password {
        problems.ensure(
            PASSWORD_LENGTHS.contains(&password.chars().count()),
            "password",
            "must be 8 to 128 characters long",
        );
    }
    if let Some(id) = discord_id {
        // Each has one spelling.
        let is_id = id
            .parse()
            .is_ok_and(|number: u64| number.to_string() == id && number > 0);
        problems.ensure(is_id, "discord_id", "must be an id of Discord, in digits");
    }
    problems.check()
}
