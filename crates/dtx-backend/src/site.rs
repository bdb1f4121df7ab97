//! The API, as other roles use it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use http::{StatusCode, header};
use reqwest_middleware::{ClientWithMiddleware, RequestBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use telemetry_http::UrlTemplate;

use crate::api::DISCORD_USER;
use crate::store::{Game, Standing, UpcomingGame};
use crate::token::ApiToken;

/// How long a request may take. Discord waits for three seconds for the bot.
const PATIENCE: Duration = Duration::from_millis(2500);

/// Sends requests to the API.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    client: ClientWithMiddleware,
    /// Without a slash at the end.
    url: String,
    token: ApiToken,
}

/// Why the API did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SiteError {
    /// It said why not, in words for people.
    #[error("the site refuses: {reason}")]
    Refused { status: StatusCode, reason: String },
    /// It has not the same token.
    #[error("the site does not know the bot: both need the same DTX_API_TOKEN")]
    Unknown,
    /// It did not answer as it should.
    #[error("the site does not answer as it should")]
    Unavailable(#[source] anyhow::Error),
}

#[derive(Deserialize)]
struct UpcomingGames {
    games: Vec<UpcomingGame>,
}

#[derive(Deserialize)]
struct Standings {
    standings: Vec<Standing>,
}

/// The body of an error.
#[derive(Deserialize)]
struct Refusal {
    error: Reason,
}

#[derive(Deserialize)]
struct Reason {
    message: String,
    #[serde(default)]
    fields: BTreeMap<String, Vec<String>>,
}

impl Site {
    pub(crate) fn new(client: ClientWithMiddleware, url: &str, token: ApiToken) -> Self {
        Self {
            client,
            url: url.trim_end_matches('/').to_owned(),
            token,
        }
    }

    /// The game with this id; `None` when there is none.
    pub(crate) async fn game(&self, id: i64) -> Result<Option<Game>, SiteError> {
        let request = self.client.get(self.at(&format!("/api/games/{id}/")));
        match ask(request, "/api/games/{id}/").await {
            Ok((_, game)) => Ok(Some(game)),
            Err(SiteError::Refused { status, .. }) if status == StatusCode::NOT_FOUND => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn upcoming_games(&self) -> Result<Vec<UpcomingGame>, SiteError> {
        let path = "/api/games/upcoming/";
        let request = self.client.get(self.at(path));
        let (_, UpcomingGames { games }) = ask(request, path).await?;
        Ok(games)
    }

    pub(crate) async fn standings(&self, tournament: i64) -> Result<Vec<Standing>, SiteError> {
        let path = format!("/api/tournaments/{tournament}/standings/");
        let request = self.client.get(self.at(&path));
        let template = "/api/tournaments/{id}/standings/";
        let (_, Standings { standings }) = ask(request, template).await?;
        Ok(standings)
    }

    /// Creates a game for a user of Discord.
    pub(crate) async fn create_game(&self, user: &str, game: &Value) -> Result<Game, SiteError> {
        let path = "/api/games/";
        let request = self.client.post(self.at(path)).json(game);
        let (_, game) = ask(self.for_user(request, user), path).await?;
        Ok(game)
    }

    /// Lets a user of Discord take part in a game; `false` when they do so already.
    pub(crate) async fn join(&self, user: &str, game: i64) -> Result<bool, SiteError> {
        let path = format!("/api/games/{game}/join/");
        let request = self.client.post(self.at(&path));
        let request = self.for_user(request, user);
        let (status, _) = ask::<Value>(request, "/api/games/{id}/join/").await?;
        Ok(status == StatusCode::CREATED)
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn for_user(&self, request: RequestBuilder, user: &str) -> RequestBuilder {
        request
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.as_str()),
            )
            .header(DISCORD_USER, user)
    }
}

/// Sends a request, and reads what it is answered with.
async fn ask<T: DeserializeOwned>(
    request: RequestBuilder,
    template: &'static str,
) -> Result<(StatusCode, T), SiteError> {
    let request = request
        .timeout(PATIENCE)
        .with_extension(UrlTemplate::new(template));
    let response = request.send().await;
    let response = response.map_err(|error| SiteError::Unavailable(error.into()))?;
    let status = response.status();
    let body = response.bytes().await.context("its answer ended early");
    let body = body.map_err(SiteError::Unavailable)?;
    if status.is_success() {
        let answer = serde_json::from_slice(&body).context("its answer cannot be read");
        return Ok((status, answer.map_err(SiteError::Unavailable)?));
    }
    if status == StatusCode::UNAUTHORIZED {
        return Err(SiteError::Unknown);
    }
    match serde_json::from_slice(&body) {
        Ok(Refusal { error }) if status.is_client_error() => {
            let reason = error.into_text();
            Err(SiteError::Refused { status, reason })
        }
        _ => {
            let error = anyhow::anyhow!("it answered with {status}");
            Err(SiteError::Unavailable(error))
        }
    }
}

impl Reason {
    fn into_text(self) -> String {
        if self.fields.is_empty() {
            return self.message;
        }
        let problems = self.fields.into_iter();
        let problems = problems.map(|(field, problems)| format!("{field} {}", problems.join(", ")));
        problems.collect::<Vec<_>>().join("; ")
    }
}
