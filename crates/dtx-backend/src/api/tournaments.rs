//! Tournaments, and what is read through them.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use tracing::field::Empty;
use tracing::instrument;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Page, Path};
use crate::api::fields::check_name;
use crate::api::resource::{created, find, referred, updated};
use crate::api::session::Actor;
use crate::cache::{Standings, TournamentStandings};
use crate::store::{
    BracketRound, Draft, Game, GameFilter, League, Listing, NewTournament, PlayerTotals,
    Record as _, Store, Tournament, TournamentChanges,
};

/// A span of its own: its id is on it once it is there.
#[instrument(
    name = "create_tournament",
    skip_all,
    fields(league.id = new.league_id, tournament.id = Empty)
)]
pub(super) async fn create(
    State(store): State<Store>,
    actor: Actor,
    extract::Json(new): extract::Json<NewTournament>,
) -> Result<Response, Error> {
    check_name(Some(&new.name))?;
    actor.must_own(&referred::<League>(&store, "league_id", new.league_id).await?)?;
    Ok(created(store.create_tournament(&new).await?))
}

pub(super) async fn update(
    State(store): State<Store>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(changes): extract::Json<TournamentChanges>,
) -> Result<Json<Tournament>, Error> {
    actor.owned::<Tournament>(&store, id).await?;
    check_name(changes.name.as_deref())?;
    Ok(updated(store.update_tournament(id, &changes).await?))
}

#[derive(Debug, Serialize)]
pub(super) struct Bracket {
    tournament_id: i64,
    rounds: Vec<BracketRound>,
}

pub(super) async fn bracket(
    State(store): State<Store>,
    Path(Id(id)): Path<Id>,
) -> Result<Json<Bracket>, Error> {
    find::<Tournament>(&store, id).await?;
    Ok(Json(Bracket {
        tournament_id: id,
        rounds: store.bracket(id).await?,
    }))
}

pub(super) async fn games(
    State(store): State<Store>,
    Path(Id(id)): Path<Id>,
    Page(page): Page,
) -> Result<Json<Listing<Game>>, Error> {
    find::<Tournament>(&store, id).await?;
    let games = GameFilter::of_tournament(id);
    Ok(Json(store.list(&games.into(), page).await?))
}

pub(super) async fn standings(
    State(standings): State<Standings>,
    Path(Id(id)): Path<Id>,
) -> Result<Json<TournamentStandings>, Error> {
    let standings = standings.of_tournament(id).await?;
    standings.map(Json).ok_or(Error::NotFound(Tournament::NAME))
}

#[derive(Debug, Serialize)]
pub(super) struct Players {
    tournament_id: i64,
    players: Vec<PlayerTotals>,
}

pub(super) async fn players(
    State(store): State<Store>,
    Path(Id(id)): Path<Id>,
) -> Result<Json<Players>, Error> {
    find::<Tournament>(&store, id).await?;
    Ok(Json(Players {
        tournament_id: id,
        players: store.player_totals(id).await?,
    }))
}

/// Answers with a draft, if it is one of this tournament's.
pub(super) async fn draft(
    State(store): State<Store>,
    Path((Id(tournament_id), Id(draft_id))): Path<(Id, Id)>,
) -> Result<Json<Draft>, Error> {
    find::<Tournament>(&store, tournament_id).await?;
    let draft: Draft = find(&store, draft_id).await?;
    if draft.tournament_id == tournament_id {
        Ok(Json(draft))
    } else {
        Err(Error::NotFound("draft"))
    }
}
