//! Whoever acts for users of the site: the bot, known by a token that both have.

use axum::http::{HeaderMap, HeaderName, header};

use crate::api::error::Error;
use crate::store::{Store, User};
use crate::token::ApiToken;

/// The header that says for which user of Discord the bearer acts.
pub(crate) const DISCORD_USER: HeaderName = HeaderName::from_static("dtx-discord-user");

const SCHEME: &str = "bearer";

/// The token that a request shows.
pub(super) fn token(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case(SCHEME).then(|| token.trim())
}

/// The user for whom the bearer of `shown` acts; `None` when it says nobody.
///
/// # Errors
///
/// When that is not the token, or nobody here is that user of Discord.
pub(super) async fn user(
    store: &Store,
    token: &ApiToken,
    shown: &str,
    headers: &HeaderMap,
) -> Result<Option<User>, Error> {
    if !token.is(shown) {
        return Err(Error::WrongToken);
    }
    let Some(discord_id) = headers.get(DISCORD_USER) else {
        return Ok(None);
    };
    let discord_id = discord_id.to_str().unwrap_or_default();
    let user = store.user_of_discord(discord_id).await?;
    user.map(Some).ok_or(Error::UnknownDiscordUser)
}
