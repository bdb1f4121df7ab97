//! Teams. Any user may enter one into a league and is then its captain.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path};
use crate::api::fields::{FieldProblems, check_name};
use crate::api::resource::{created, referred, updated};
use crate::api::session::Actor;
use crate::cache::{Standings, Tables};
use crate::store::{League, NewTeam, Store, Team, TeamChanges, Tournament, User};

pub(super) async fn create(
    State(store): State<Store>,
    State(standings): State<Standings>,
    Actor(user): Actor,
    extract::Json(new): extract::Json<NewTeam>,
) -> Result<Response, Error> {
    check_name(Some(&new.name))?;
    referred::<League>(&store, "league_id", new.league_id).await?;
    let team = store.create_team(&new, user.id).await?;
    standings.changed(Tables::OfLeague(team.league_id)).await;
    Ok(created(team))
}

/// Renames a team, or hands it to another captain.
pub(super) async fn update(
    State(store): State<Store>,
    State(standings): State<Standings>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(changes): extract::Json<TeamChanges>,
) -> Result<Json<Team>, Error> {
    actor.owned::<Team>(&store, id).await?;
    check_name(changes.name.as_deref())?;
    if let Some(captain) = changes.captain_id {
        referred::<User>(&store, "captain_id", captain).await?;
    }
    let team = store.update_team(id, &changes).await?;
    standings.changed(Tables::OfLeague(team.league_id)).await;
    Ok(updated(team))
}

/// Lets two teams meet in a tournament: different ones, of its league.
pub(super) async fn check_opponents(
    store: &Store,
    tournament: &Tournament,
    first_id: i64,
    second_id: i64,
) -> Result<(), Error> {
    let mut problems = FieldProblems::new();
    for (field, id) in [("first_team_id", first_id), ("second_team_id", second_id)] {
        let team: Option<Team> = store.find(id).await?;
        let plays = team.is_some_and(|team| team.league_id == tournament.league_id);
        problems.ensure(plays, field, "there is no such team in the league");
    }
    problems.ensure(
        first_id != second_id,
        "second_team_id",
        "must be another team than the first",
    );
    problems.check()
}
