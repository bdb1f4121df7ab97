//! The routes.

use axum::middleware;
use axum::routing::{MethodRouter, any, get, post};
use axum::{Extension, Router};
use telemetry_http::HttpTelemetryLayer;
use telemetry_ws::WebSocketTelemetry;

use crate::api::error::Error;
use crate::api::panic::PanicResponses;
use crate::api::resource::{delete, list, read};
use crate::api::{
    ApiState, debug, drafts, games, health, jobs, leagues, live, matches, organizations, session,
    site, teams, tournaments, users,
};
use crate::store::{Draft, Game, League, Match, Organization, Team, Tournament, User};

/// The whole site, with its telemetry.
pub(crate) fn router(state: ApiState, sockets: WebSocketTelemetry, debug_routes: bool) -> Router {
    let mut api = resources().merge(live().layer(Extension(sockets)));
    if debug_routes {
        api = debug::add_routes(api);
    }
    let api = api
        .fallback(async || Error::NotFound("path"))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed)
        .layer(middleware::from_fn_with_state(
            state.clone(),
            session::authenticate,
        ));
    let health = Router::new()
        .at("/healthz/", get(health::alive))
        .at("/readyz/", get(health::ready))
        .method_not_allowed_fallback(async || Error::MethodNotAllowed);
    api.merge(health)
        .merge(site::routes())
        .layer(
            HttpTelemetryLayer::new()
                .without_lines_for(["/healthz", "/readyz"])
                .with_hooks(PanicResponses),
        )
        .with_state(state)
}

/// Adds routes for a path.
pub(super) trait RouterExt<S> {
    /// Serves `path`, which ends with a slash, with and without the slash.
    fn at(self, path: &str, methods: MethodRouter<S>) -> Self;
}

impl<S: Clone + Send + Sync + 'static> RouterExt<S> for Router<S> {
    fn at(self, path: &str, methods: MethodRouter<S>) -> Self {
        self.route(path.trim_end_matches('/'), methods.clone())
            .route(path, methods)
    }
}

/// The WebSockets.
fn live() -> Router<ApiState> {
    Router::new()
        .at("/ws/draft/{id}/", any(live::draft))
        .at("/ws/tournament/{id}/", any(live::tournament))
}

fn resources() -> Router<ApiState> {
    Router::new()
        .at("/api/login/", post(session::login))
        .at("/api/logout/", post(session::logout))
        .at("/api/users/", get(list::<User>).post(users::sign_up))
        .at("/api/users/me/", get(users::me).patch(users::update_me))
        .at(
            "/api/users/{id}/",
            get(read::<User>).patch(users::update).delete(users::delete),
        )
        .at(
            "/api/organizations/",
            get(list::<Organization>).post(organizations::create),
        )
        .at(
            "/api/organizations/{id}/",
            get(read::<Organization>)
                .patch(organizations::update)
                .delete(delete::<Organization>),
        )
        .at("/api/leagues/", get(list::<League>).post(leagues::create))
        .at(
            "/api/leagues/{id}/",
            get(read::<League>)
                .patch(leagues::update)
                .delete(delete::<League>),
        )
        .at("/api/leagues/{id}/standings/", get(leagues::standings))
        .at(
            "/api/tournaments/",
            get(list::<Tournament>).post(tournaments::create),
        )
        .at(
            "/api/tournaments/{id}/",
            get(read::<Tournament>)
                .patch(tournaments::update)
                .delete(delete::<Tournament>),
        )
        .at("/api/tournaments/{id}/bracket/", get(tournaments::bracket))
        .at("/api/tournaments/{id}/games/", get(tournaments::games))
        .at(
            "/api/tournaments/{id}/standings/",
            get(tournaments::standings),
        )
        .at("/api/tournaments/{id}/players/", get(tournaments::players))
        .at(
            "/api/tournaments/{tournament_id}/draft/{draft_id}/",
            get(tournaments::draft),
        )
        .at("/api/teams/", get(list::<Team>).post(teams::create))
        .at(
            "/api/teams/{id}/",
            get(read::<Team>)
                .patch(teams::update)
                .delete(delete::<Team>),
        )
        .at("/api/drafts/", get(list::<Draft>).post(drafts::create))
        .at(
            "/api/drafts/{id}/",
            get(read::<Draft>)
                .patch(drafts::update)
                .delete(delete::<Draft>),
        )
        .at("/api/games/", get(list::<Game>).post(games::create))
        .at(
            "/api/games/{id}/",
            get(read::<Game>)
                .patch(games::update)
                .delete(delete::<Game>),
        )
        .at("/api/games/upcoming/", get(games::upcoming))
        .at("/api/games/{id}/join/", post(games::join))
        .at("/api/games/{id}/players/", get(games::players))
        .at("/api/matches/", get(list::<Match>).post(matches::create))
        .at(
            "/api/matches/{id}/",
            get(read::<Match>)
                .patch(matches::update)
                .delete(matches::delete),
        )
        .at("/api/matches/{id}/refresh/", post(matches::refresh))
        .at("/api/jobs/", get(jobs::list))
        .at("/api/jobs/{id}/retry/", post(jobs::retry))
}
