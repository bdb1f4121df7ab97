//! The Steam web API, as far as the site needs it.

use anyhow::{Context as _, anyhow};
use http::StatusCode;
use reqwest_middleware::ClientWithMiddleware;
use serde::Deserialize;
use telemetry_http::UrlTemplate;

use crate::outgoing::without_url;
use crate::settings::SteamSettings;
use crate::store::{Match, MatchStats, PlayerStats, Score};

const MATCH_DETAILS: &str = "/IDOTA2Match_570/GetMatchDetails/v1/";
const HIGHEST_SCORE: i64 = 1_000_000;
/// The account of everybody who hides it.
const HIDDEN: i64 = 4_294_967_295;

/// Asks Steam for the results of matches.
#[derive(Clone, Debug)]
pub(crate) struct Steam {
    client: ClientWithMiddleware,
    settings: SteamSettings,
}

/// The result of a match as Steam has it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SteamMatch {
    radiant_win: bool,
    radiant_score: i64,
    dire_score: i64,
    #[serde(default)]
    players: Vec<SteamPlayer>,
}

/// How a player did.
#[derive(Clone, Copy, Debug, Deserialize)]
struct SteamPlayer {
    account_id: Option<i64>,
    kills: i64,
    deaths: i64,
    assists: i64,
}

/// Why Steam gave no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SteamError {
    /// It knows no such match.
    #[error("Steam knows no such match")]
    NotFound,
    /// It did not answer as it should.
    #[error("Steam did not answer as it should")]
    Failed(#[source] anyhow::Error),
}

#[derive(Deserialize)]
struct Answer {
    result: AnswerResult,
}

/// A match, or what is wrong.
#[derive(Deserialize)]
#[serde(untagged)]
enum AnswerResult {
    Match(SteamMatch),
    Error { error: String },
}

impl SteamMatch {
    /// The result of a match here, whose first team played the Radiant, and of the players who
    /// are known.
    pub(crate) fn stats(&self, of: &Match) -> MatchStats {
        let winner_id = if self.radiant_win {
            of.first_team_id
        } else {
            of.second_team_id
        };
        let players = self.players.iter().filter_map(|player| {
            let account_id = player.account_id.filter(|id| *id != HIDDEN)?;
            Some(PlayerStats {
                account_id,
                kills: player.kills,
                deaths: player.deaths,
                assists: player.assists,
            })
        });
        MatchStats {
            score: Score {
                winner_id: Some(winner_id),
                first_score: self.radiant_score,
                second_score: self.dire_score,
            },
            players: players.collect(),
        }
    }

    fn can_be(&self) -> bool {
        let scores = [self.radiant_score, self.dire_score];
        let players = self.players.iter();
        let numbers = players.flat_map(|player| [player.kills, player.deaths, player.assists]);
        let range = 0..=HIGHEST_SCORE;
        scores
            .into_iter()
            .chain(numbers)
            .all(|number| range.contains(&number))
    }
}

impl Steam {
    pub(crate) fn new(client: ClientWithMiddleware, settings: SteamSettings) -> Self {
        Self { client, settings }
    }

    /// Asks for the result of a match.
    ///
    /// # Errors
    ///
    /// When Steam has none, or does not answer. No error shows the key.
    #[tracing::instrument(name = "fetch_match_details", skip_all, fields(steam.match_id = id))]
    pub(crate) async fn match_details(&self, id: i64) -> Result<SteamMatch, SteamError> {
        let answer = self.ask(id).await.map_err(SteamError::Failed)?;
        match answer.result {
            AnswerResult::Match(details) if details.can_be() => Ok(details),
            AnswerResult::Match(_) => Err(SteamError::Failed(anyhow!("no match can be so"))),
            AnswerResult::Error { error } => {
                tracing::info!(error, "steam_match_unknown");
                Err(SteamError::NotFound)
            }
        }
    }

    async fn ask(&self, id: i64) -> anyhow::Result<Answer> {
        let base = self.settings.url.trim_end_matches('/');
        let mut request = self
            .client
            .get(format!("{base}{MATCH_DETAILS}"))
            .query(&[("match_id", id)])
            .with_extension(UrlTemplate::new(MATCH_DETAILS));
        if let Some(key) = &self.settings.key {
            request = request.query(&[("key", key.as_str())]);
        }
        let response = request.send().await.map_err(without_url)?;
        match response.status() {
            StatusCode::OK => response.json().await.map_err(reqwest::Error::without_url),
            status => return Err(anyhow!("it answered with {status}")),
        }
        .context("its answer cannot be read")
    }
}
