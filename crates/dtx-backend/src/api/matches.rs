//! Matches: recording and correcting the results of games.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path, even_null};
use crate::api::fields::FieldProblems;
use crate::api::resource::{self, created, referred, updated};
use crate::api::session::Actor;
use crate::cache::{Standings, Tables};
use crate::jobs::Queues;
use crate::steam::{Steam, SteamError};
use crate::store::{Game, Match, NewMatch, Score, Store};

const HIGHEST_SCORE: i64 = 1_000_000;

/// Records the result of a finished game.
pub(super) async fn create(
    State(store): State<Store>,
    State(standings): State<Standings>,
    State(queues): State<Queues>,
    actor: Actor,
    extract::Json(new): extract::Json<NewMatch>,
) -> Result<Response, Error> {
    let game: Game = referred(&store, "game_id", new.game_id).await?;
    actor.must_own(&game)?;
    let score = Score {
        winner_id: new.winner_id,
        first_score: new.first_score,
        second_score: new.second_score,
    };
    check(score, game.first_team_id, game.second_team_id)?;
    let result = store
        .create_match(game.id, score, new.steam_match_id)
        .await?;
    let tables = Tables::OfTournament(result.tournament_id);
    standings.changed(tables).await;
    let response = created(result.clone());
    queues.result_changed(&result).await;
    Ok(response)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct MatchPatch {
    /// `Some(None)` is a draw.
    #[serde(deserialize_with = "even_null")]
    winner_id: Option<Option<i64>>,
    first_score: Option<i64>,
    second_score: Option<i64>,
    /// `Some(None)` is none any more.
    #[serde(deserialize_with = "even_null")]
    steam_match_id: Option<Option<i64>>,
}

/// Corrects a result.
pub(super) async fn update(
    State(store): State<Store>,
    State(standings): State<Standings>,
    State(queues): State<Queues>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(patch): extract::Json<MatchPatch>,
) -> Result<Json<Match>, Error> {
    let before: Match = actor.owned(&store, id).await?;
    let score = Score {
        winner_id: patch.winner_id.unwrap_or(before.score.winner_id),
        first_score: patch.first_score.unwrap_or(before.score.first_score),
        second_score: patch.second_score.unwrap_or(before.score.second_score),
    };
    check(score, before.first_team_id, before.second_team_id)?;
    let steam = patch.steam_match_id.unwrap_or(before.steam_match_id);
    let result = store.update_match(id, score, steam).await?;
    let tables = Tables::OfTournament(result.tournament_id);
    standings.changed(tables).await;
    queues.result_changed(&result).await;
    Ok(updated(result))
}

/// Deletes a result.
pub(super) async fn delete(
    State(store): State<Store>,
    State(standings): State<Standings>,
    State(queues): State<Queues>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
) -> Result<StatusCode, Error> {
    let before: Match = actor.owned(&store, id).await?;
    let path = Path(Id(id));
    let deleted = resource::delete::<Match>(State(store), State(standings), actor, path).await?;
    queues.standings_changed(before.tournament_id).await;
    Ok(deleted)
}

/// Takes the result and the players from Steam, where the first team played the Radiant.
pub(super) async fn refresh(
    State(store): State<Store>,
    State(steam): State<Steam>,
    State(standings): State<Standings>,
    State(queues): State<Queues>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
) -> Result<Json<Match>, Error> {
    let before: Match = actor.owned(&store, id).await?;
    let steam_match_id = before
        .steam_match_id
        .ok_or(Error::Conflict("the match has no steam_match_id"))?;
    let stats = steam.match_details(steam_match_id).await?.stats(&before);
    if !store.record_match_stats(&before, &stats).await? {
        return Err(Error::Conflict("it was changed or deleted meanwhile"));
    }
    let tables = Tables::OfTournament(before.tournament_id);
    standings.changed(tables).await;
    tracing::info!("match_refreshed");
    queues.standings_changed(before.tournament_id).await;
    Ok(Json(resource::find(&store, id).await?))
}

impl From<SteamError> for Error {
    fn from(error: SteamError) -> Self {
        match error {
            SteamError::NotFound => Self::Conflict("Steam knows no such match"),
            SteamError::Failed(source) => Self::BadGateway("Steam", source),
        }
    }
}

fn check(score: Score, first_team_id: i64, second_team_id: i64) -> Result<(), Error> {
    let mut problems = FieldProblems::new();
    for (field, score) in [
        ("first_score", score.first_score),
        ("second_score", score.second_score),
    ] {
        let is_valid = (0..=HIGHEST_SCORE).contains(&score);
        problems.ensure(is_valid, field, "must be from 0 to 1000000");
    }
    problems.ensure(
        score
            .winner_id
            .is_none_or(|winner| winner == first_team_id || winner == second_team_id),
        "winner_id",
        "must be one of the two teams, or null after a draw",
    );
    problems.check()
}
