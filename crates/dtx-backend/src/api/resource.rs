//! What the handlers of all resources have in common.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::error::Error;
use crate::api::extract::{Id, Page, Path, Query};
use crate::api::fields::FieldProblems;
use crate::api::session::Actor;
use crate::cache::Standings;
use crate::store::{Listing, Record, Store};

/// Answers with one page of the records that the query string asks for.
pub(super) async fn list<R: Record>(
    State(store): State<Store>,
    Page(page): Page,
    Query(filter): Query<R::Filter>,
) -> Result<Json<Listing<R>>, Error> {
    Ok(Json(store.list(&filter.into(), page).await?))
}

/// Answers with one record.
pub(super) async fn read<R: Record>(
    State(store): State<Store>,
    Path(Id(id)): Path<Id>,
) -> Result<Json<R>, Error> {
    Ok(Json(find(&store, id).await?))
}

/// Deletes a record of the actor's.
pub(super) async fn delete<R: Record>(
    State(store): State<Store>,
    State(standings): State<Standings>,
    actor: Actor,
    Path(Id(id)): Path<Id>,
) -> Result<StatusCode, Error> {
    let record: R = actor.owned(&store, id).await?;
    store.delete::<R>(id).await?;
    if let Some(tables) = record.tables() {
        standings.changed(tables).await;
    }
    tracing::info!("{}_deleted", R::NAME);
    Ok(StatusCode::NO_CONTENT)
}

/// The response to the creation of a record. Its id is on every later line of the request,
/// and on the current span where that has a field for it.
pub(super) fn created<R: Record>(record: R) -> Response {
    let key = format!("{}.id", R::NAME);
    telemetry_core::bind(&key, record.id());
    tracing::Span::current().record(&*key, record.id());
    tracing::info!("{}_created", R::NAME);
    let location = format!("/api/{}/{}/", R::TABLE, record.id());
    let headers = [(header::LOCATION, location)];
    (StatusCode::CREATED, headers, Json(record)).into_response()
}

/// The response to a change of a record.
pub(super) fn updated<R: Record>(record: R) -> Json<R> {
    tracing::info!("{}_updated", R::NAME);
    Json(record)
}

/// The record of a path.
pub(super) async fn find<R: Record>(store: &Store, id: i64) -> Result<R, Error> {
    let record = store.find(id).await?;
    record.ok_or(Error::NotFound(R::NAME))
}

/// The record that a field of the body refers to.
pub(super) async fn referred<R: Record>(
    store: &Store,
    field: &'static str,
    id: i64,
) -> Result<R, Error> {
    let record = store.find(id).await?;
    record.ok_or_else(|| FieldProblems::one(field, format!("there is no such {}", R::NAME)))
}
