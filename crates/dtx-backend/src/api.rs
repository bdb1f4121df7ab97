//! The HTTP API: routes, their handlers and what they have in common.
//!
//! Everybody may read, sign up and log in. Whoever is logged in may found an organization,
//! and enter a team into any league. Everything has one owner, who alone may change it or
//! add to it: an organization's owner owns all that is beneath it but the teams, a team's
//! captain owns the team, users own themselves. The staff may do everything. The bot acts for the
//! user who has the Discord account.

mod bearer;
mod debug;
mod drafts;
mod error;
mod extract;
mod fields;
mod games;
mod health;
mod jobs;
mod leagues;
mod live;
mod matches;
mod organizations;
mod panic;
mod resource;
mod routes;
mod session;
mod site;
mod teams;
mod tournaments;
mod users;

use axum::extract::FromRef;
use reqwest_middleware::ClientWithMiddleware;

pub(crate) use bearer::DISCORD_USER;
pub(crate) use error::Error;
pub(crate) use panic::PanicResponses;
pub(crate) use routes::router;

use crate::cache::{Sessions, Standings};
use crate::jobs::Queues;
use crate::live::Live;
use crate::password::Passwords;
use crate::steam::Steam;
use crate::store::Store;
use crate::token::ApiToken;

/// What handlers work with.
#[derive(Clone, Debug, FromRef)]
pub(crate) struct ApiState {
    pub(crate) store: Store,
    pub(crate) sessions: Sessions,
    pub(crate) standings: Standings,
    pub(crate) queues: Queues,
    pub(crate) live: Live,
    pub(crate) passwords: Passwords,
    pub(crate) cookies: CookieSettings,
    /// Sends requests to other services.
    pub(crate) outgoing: ClientWithMiddleware,
    pub(crate) steam: Steam,
    pub(crate) api_token: ApiToken,
}

/// How session cookies are sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CookieSettings {
    /// Over TLS alone.
    pub(crate) secure: bool,
}
