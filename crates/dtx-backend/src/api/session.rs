//! Logging in and out, and who acts.

use axum::extract::{FromRequestParts, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use serde::Deserialize;
use telemetry_core::names;

use crate::api::error::Error;
use crate::api::extract::Json;
use crate::api::resource::find;
use crate::api::{CookieSettings, bearer};
use crate::cache::Sessions;
use crate::password::Passwords;
use crate::store::{Record, SESSION_LIFETIME, Store, User};
use crate::token::{ApiToken, SessionToken};

const COOKIE: &str = "dtx_session";

/// The user of the request's session, or for whom its bearer acts. Taken by handlers that need one.
#[derive(Clone, Debug)]
pub(super) struct Actor(pub(super) User);

impl Actor {
    /// Lets the owner of a record and the staff pass.
    pub(super) fn must_own(&self, record: &impl Record) -> Result<(), Error> {
        if self.0.is_staff || self.0.id == record.owner_id() {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// Lets the staff pass.
    pub(super) fn must_be_staff(&self) -> Result<(), Error> {
        if self.0.is_staff {
            Ok(())
        } else {
            Err(Error::Forbidden)
        }
    }

    /// The record of a path, if it is there and the actor's.
    pub(super) async fn owned<R: Record>(&self, store: &Store, id: i64) -> Result<R, Error> {
        let record = find(store, id).await?;
        self.must_own(&record)?;
        Ok(record)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Actor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let actor = parts.extensions.get().cloned();
        actor.ok_or(Error::Unauthenticated)
    }
}

/// Finds the user for whom the bearer of a token acts, or the session that the request's cookie
/// names: the user is then the [`Actor`], and on every line of the request. Without either the
/// request goes on as nobody's.
pub(super) async fn authenticate(
    State(store): State<Store>,
    State(sessions): State<Sessions>,
    State(api_token): State<ApiToken>,
    cookies: CookieJar,
    mut request: Request,
    next: Next,
) -> Result<Response, Error> {
    let headers = request.headers();
    let user = match (bearer::token(headers), token(&cookies)) {
        (Some(shown), _) => bearer::user(&store, &api_token, shown, headers).await?,
        (None, Some(token)) => sessions.user(&token).await?,
        (None, None) => None,
    };
    if let Some(user) = user {
        telemetry_http::bind_user(request.extensions_mut(), user.id);
        request.extensions_mut().insert(Actor(user));
    }
    Ok(next.run(request).await)
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

/// Begins a session, and answers with its user.
pub(super) async fn login(
    State(store): State<Store>,
    State(passwords): State<Passwords>,
    State(settings): State<CookieSettings>,
    cookies: CookieJar,
    Json(credentials): Json<Credentials>,
) -> Result<(CookieJar, axum::Json<User>), Error> {
    let known = store.credentials(&credentials.username).await?;
    let (id, hash) = known.unzip();
    let is_right = passwords.verify(credentials.password, hash).await?;
    let (true, Some(id)) = (is_right, id) else {
        tracing::warn!("login_failed");
        return Err(Error::WrongCredentials);
    };
    let user = find(&store, id).await?;
    let token = SessionToken::generate()?;
    store.create_session(id, &token.hash()).await?;
    telemetry_core::bind(names::USER_ID, id);
    tracing::info!("user_logged_in");
    let cookie = cookie(token.into_text(), settings);
    Ok((cookies.add(cookie), axum::Json(user)))
}

/// Ends the session, if there is one.
pub(super) async fn logout(
    State(sessions): State<Sessions>,
    State(settings): State<CookieSettings>,
    cookies: CookieJar,
) -> Result<(CookieJar, StatusCode), Error> {
    if let Some(token) = token(&cookies)
        && sessions.end(&token).await?
    {
        tracing::info!("user_logged_out");
    }
    let cookies = cookies.remove(cookie(String::new(), settings));
    Ok((cookies, StatusCode::NO_CONTENT))
}

fn token(cookies: &CookieJar) -> Option<SessionToken> {
    let cookie = cookies.get(COOKIE)?;
    Some(SessionToken::from_text(cookie.value()))
}

fn cookie(token: String, settings: CookieSettings) -> Cookie<'static> {
    Cookie::build((COOKIE, token))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(settings.secure)
        .path("/")
        .max_age(SESSION_LIFETIME)
        .build()
}
