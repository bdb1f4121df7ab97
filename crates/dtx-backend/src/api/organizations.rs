//! Organizations. Any user may found one and is then its owner.

use axum::Json;
use axum::extract::State;
use axum::response::Response;

use crate::api::error::Error;
use crate::api::extract::{self, Id, Path};
use crate::api::fields::check_name;
use crate::api::resource::{created, referred, updated};
use crate::api::session::Actor;
use crate::store::{NewOrganization, Organization, OrganizationChanges, Store, User};

pub(super) async fn create(
    State(store): State<Store>,
    Actor(user): Actor,
    extract::Json(new): extract::Json<NewOrganization>,
) -> Result<Response, Error> {
    check_name(Some(&new.name))?;
    Ok(created(store.create_organization(&new, user.id).await?))
}

/// Renames an organization, or hands it to another owner.
pub(super) async fn update(
    State(store): State<Store>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
    extract::Json(changes): extract::Json<OrganizationChanges>,
) -> Result<Json<Organization>, Error> {
    actor.owned::<Organization>(&store, id).await?;
    check_name(changes.name.as_deref())?;
    if let Some(owner) = changes.owner_id {
        referred::<User>(&store, "owner_id", owner).await?;
    }
    Ok(updated(store.update_organization(id, &changes).await?))
}
