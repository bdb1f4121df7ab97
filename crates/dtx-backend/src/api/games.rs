//! Games, and their way from scheduled through running to finished.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use tracing::field::Empty;
use tracing::instrument;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path};
use crate::api::fields::FieldProblems;
use crate::api::resource::{created, find, referred, updated};
use crate::api::session::Actor;
use crate::api::teams::check_opponents;
use crate::cache::{Standings, Tables};
use crate::jobs::Queues;
use crate::store::{
    Game, GameChanges, GamePlayer, GameState, Joining, NewGame, Store, Tournament, UpcomingGame,
};

const LAST_ROUND: i64 = 1_000;

/// A span of its own: its id is on it once it is there.
#[instrument(
    name = "create_game",
    skip_all,
    fields(tournament.id = new.tournament_id, game.round = new.round, game.id = Empty)
)]
pub(super) async fn create(
    State(store): State<Store>,
    State(standings): State<Standings>,
    actor: Actor,
    extract::Json(new): extract::Json<NewGame>,
) -> Result<Response, Error> {
    check_round(Some(new.round))?;
    let id = new.tournament_id;
    let tournament: Tournament = referred(&store, "tournament_id", id).await?;
    actor.must_own(&tournament)?;
    check_opponents(&store, &tournament, new.first_team_id, new.second_team_id).await?;
    let game = store.create_game(&new).await?;
    standings.changed(Tables::OfTournament(id)).await;
    Ok(created(game))
}

/// Changes a game. Its state goes from each to the next alone; naming the one that it has
/// changes nothing.
pub(super) async fn update(
    State(store): State<Store>,
    State(queues): State<Queues>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(mut changes): extract::Json<GameChanges>,
) -> Result<Json<Game>, Error> {
    let game: Game = actor.owned(&store, id).await?;
    check_round(changes.round)?;
    changes.state = changes.state.filter(|next| *next != game.state);
    if let Some(next) = changes.state
        && !game.state.can_become(next)
    {
        return Err(Error::Conflict(
            "a game goes from scheduled to running to finished",
        ));
    }
    let game = store.update_game(&game, &changes).await?;
    match changes.state {
        Some(GameState::Running) => tracing::info!("game_started"),
        Some(GameState::Finished) => {
            tracing::info!("game_finished");
            queues.standings_changed(game.tournament_id).await;
        }
        Some(GameState::Scheduled) | None => return Ok(updated(game)),
    }
    Ok(Json(game))
}

#[derive(Debug, Serialize)]
pub(super) struct UpcomingGames {
    games: Vec<UpcomingGame>,
}

/// Answers with the games that are played next.
pub(super) async fn upcoming(State(store): State<Store>) -> Result<Json<UpcomingGames>, Error> {
    let games = store.upcoming_games().await?;
    Ok(Json(UpcomingGames { games }))
}

#[derive(Debug, Serialize)]
pub(super) struct GamePlayers {
    game_id: i64,
    players: Vec<GamePlayer>,
}

/// Lets the actor take part in a game: 201, and 200 ever after.
pub(super) async fn join(
    State(store): State<Store>,
    Actor(user): Actor,
    Path(Id(id)): Path<Id>,
) -> Result<(StatusCode, Json<GamePlayers>), Error> {
    find::<Game>(&store, id).await?;
    let status = match store.join_game(id, user.id).await? {
        Joining::Joined => {
            tracing::info!("game_joined");
            StatusCode::CREATED
        }
        Joining::HadJoined => StatusCode::OK,
        Joining::TooLate => return Err(Error::Conflict("the game is finished")),
    };
    Ok((status, Json(players_of(&store, id).await?)))
}

/// Answers with who takes part in a game.
pub(super) async fn players(
    State(store): State<Store>,
    Path(Id(id)): Path<Id>,
) -> Result<Json<GamePlayers>, Error> {
    find::<Game>(&store, id).await?;
    Ok(Json(players_of(&store, id).await?))
}

async fn players_of(store: &Store, game_id: i64) -> Result<GamePlayers, Error> {
    let players = store.game_players(game_id).await?;
    Ok(GamePlayers { game_id, players })
}

fn check_round(round: Option<i64>) -> Result<(), Error> {
    let is_valid = round.is_none_or(|round| (1..=LAST_ROUND).contains(&round));
    if is_valid {
        Ok(())
    } else {
        Err(FieldProblems::one("round", "must be from 1 to 1000"))
    }
}
