//! Whether the site lives, and whether it can work.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};
use telemetry_core::names;

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
    let problem = match tokio::time::timeout(PATIENCE, store.ping()).await {
        Ok(Ok(())) => return Ok(Json(json!({"status": "ok"}))),
        Ok(Err(error)) => error.to_string(),
        Err(late) => late.to_string(),
    };
    // This path has no completion line that would tell.
    tracing::warn!({ names::ERROR } = problem, "database_not_ready");
    Err(Error::Unavailable)
}
