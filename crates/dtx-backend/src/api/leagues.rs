//! Leagues.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path};
use crate::api::fields::check_name;
use crate::api::resource::{created, referred, updated};
use crate::api::session::Actor;
use crate::cache::{LeagueStandings, Standings};
use crate::store::{League, LeagueChanges, NewLeague, Organization, Record as _, Store};

pub(super) async fn create(
    State(store): State<Store>,
    actor: Actor,
    extract::Json(new): extract::Json<NewLeague>,
) -> Result<Response, Error> {
    check_name(Some(&new.name))?;
    let id = new.organization_id;
    actor.must_own(&referred::<Organization>(&store, "organization_id", id).await?)?;
    Ok(created(store.create_league(&new).await?))
}

pub(super) async fn update(
    State(store): State<Store>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(changes): extract::Json<LeagueChanges>,
) -> Result<Json<League>, Error> {
    actor.owned::<League>(&store, id).await?;
    check_name(changes.name.as_deref())?;
    Ok(updated(store.update_league(id, &changes).await?))
}

pub(super) async fn standings(
    State(standings): State<Standings>,
    Path(Id(id)): Path<Id>,
) -> Result<Json<LeagueStandings>, Error> {
    let standings = standings.of_league(id).await?;
    standings.map(Json).ok_or(Error::NotFound(League::NAME))
}
