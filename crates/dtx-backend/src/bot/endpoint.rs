//! Where interactions come in.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use axum::{Json, Router};
use telemetry_http::HttpTelemetryLayer;

use crate::api::{Error, PanicResponses};
use crate::bot::commands;
use crate::bot::interaction::{Interaction, InteractionKind, Reply};
use crate::bot::signature::PublicKey;
use crate::site::Site;
use crate::timestamp::Timestamp;

/// How many bytes an interaction may have. Those of Discord have a few hundred.
const LARGEST_BODY: usize = 64 * 1024;

/// Answers interactions that are signed.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    key: PublicKey,
    site: Site,
}

impl Endpoint {
    pub(super) fn new(key: PublicKey, site: Site) -> Self {
        Self { key, site }
    }

    /// The one route, with its telemetry.
    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/interactions", post(interact))
            .fallback(async || Error::NotFound("path"))
            .method_not_allowed_fallback(async || Error::MethodNotAllowed)
            .layer(DefaultBodyLimit::max(LARGEST_BODY))
            .layer(HttpTelemetryLayer::new().with_hooks(PanicResponses))
            .with_state(self)
    }
}

async fn interact(
    State(Endpoint { key, site }): State<Endpoint>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Reply>, Error> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge,
        _ => Error::Malformed("the body cannot be read".to_owned()),
    })?;
    if !key.has_signed(&headers, &body, Timestamp::now()) {
        return Err(Error::WrongSignature);
    }
    let interaction: Interaction = serde_json::from_slice(&body)
        .map_err(|error| Error::Malformed(format!("the body is no interaction: {error}")))?;
    Ok(Json(match (interaction.kind, &interaction.data) {
        (InteractionKind::Ping, _) => Reply::pong(),
        (InteractionKind::Command, Some(command)) => {
            let text = commands::run(&site, &interaction, command).await;
            Reply::message(&text)
        }
        _ => {
            let problem = "the bot takes pings and commands alone";
            return Err(Error::Malformed(problem.to_owned()));
        }
    }))
}
