//! Whether the site lives, and whether it can work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::api::error::Error;
use crate::store::Store;

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers as long as the process does.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

/// Answers with 200 when the database answers within two seconds, else with 503.
pub(super) async fn ready(State(store): State<Store>) -> Result<Json<Value>, Error> {
    match tokio::time::timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => Ok(Json(json!({"status": "ok"}))),
        Ok(Err(error)) => Err(Error::Unavailable(error.into())),
        Err(late) => Err(Error::Unavailable(late.into())),
    }
}
