//! Drafts.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use tracing::field::Empty;
use tracing::instrument;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path};
use crate::api::resource::{created, referred, updated};
use crate::api::session::Actor;
use crate::api::teams::check_opponents;
use crate::store::{Draft, DraftChanges, NewDraft, Store, Tournament};

/// A span of its own: its id is on it once it is there.
#[instrument(
    name = "create_draft",
    skip_all,
    fields(tournament.id = new.tournament_id, draft.id = Empty)
)]
pub(super) async fn create(
    State(store): State<Store>,
    actor: Actor,
    extract::Json(new): extract::Json<NewDraft>,
) -> Result<Response, Error> {
    let id = new.tournament_id;
    let tournament: Tournament = referred(&store, "tournament_id", id).await?;
    actor.must_own(&tournament)?;
    check_opponents(&store, &tournament, new.first_team_id, new.second_team_id).await?;
    Ok(created(store.create_draft(&new).await?))
}

pub(super) async fn update(
    State(store): State<Store>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(changes): extract::Json<DraftChanges>,
) -> Result<Json<Draft>, Error> {
    actor.owned::<Draft>(&store, id).await?;
    Ok(updated(store.update_draft(id, &changes).await?))
}
