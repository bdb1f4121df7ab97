//! The DTX tournament site: the demo of the telemetry crates.
//!
//! Organizations hold leagues, leagues hold tournaments and the teams that play in them;
//! captains meet in drafts, teams in games, and matches record the results. The site stores
//! all of that in SQLite, serves it as a JSON API, and says on its log lines what happens,
//! each line with the context of its request.
//!
//! ```
//! use axum::{body::Body, http::Request};
//! use dtx_backend::{Application, DatabaseUrl, Settings};
//! use telemetry_core::Environment;
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main]
//! # async fn main() -> anyhow::Result<()> {
//! # let directory = tempfile::tempdir()?;
//! # let file = directory.path().join("dtx.sqlite");
//! let mut settings = Settings::from_environment(&Environment::default())?;
//! settings.database_url = DatabaseUrl::file(file);
//! let application = Application::open(&settings).await?;
//! let request = Request::get("/api/leagues/1/standings/").body(Body::empty())?;
//! let response = application.router().oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # What it is made of
//!
//! | module | |
//! |---|---|
//! | `run`, `command`, `settings` | the program: its arguments, its variables, its telemetry |
//! | `server`, `signals` | listening, and ending without cutting a request short |
//! | `application` | the database and the routes put together, without a socket |
//! | `api` | routes and handlers, a file for each resource; sessions; errors |
//! | `live` | drafts and tournaments as they happen: the rules, the clock, the watchers |
//! | `store` | the only place with SQL, a file for each resource |
//! | `outgoing`, `steam` | requests to other services |
//!
//! # What it logs
//!
//! Beside the lines of `telemetry-core` and `telemetry-http`; every line within a request
//! carries the request's context, `user.id` included when somebody is logged in.
//!
//! | event | level | when, and its own fields |
//! |---|---|---|
//! | `server_started` | info | it listens: `address` (string) |
//! | `server_stopping` | info | a signal came: `signal` (string) |
//! | `server_stop_timed_out` | warning | requests in flight did not finish in time: `after_s` (integer) |
//! | `server_stopped` | info | the database is closed |
//! | `database_close_timed_out` | warning | queries did not end in time |
//! | `sample_data_added` | info | the database was empty |
//! | `user_created` | info | somebody signed up: `new_user.id` (integer) |
//! | `user_updated` | info | a user was changed: `changed_user.id` (integer) |
//! | `user_logged_in`, `user_logged_out` | info | a session begins or ends |
//! | `login_failed` | warning | the username or the password is wrong |
//! | `<resource>_created` | info | `<resource>.id` is on this line and all later ones of the request |
//! | `<resource>_updated`, `<resource>_deleted` | info | |
//! | `game_started`, `game_finished` | info | a game went to its next state |
//! | `draft_started` | info | a captain has begun it |
//! | `hero_picked` | info | by a captain or the clock: `hero` (string), `position` (integer), `is_automatic` (boolean) |
//! | `command_refused` | info | over a WebSocket: `code` (string) |
//! | `command_failed` | error | over a WebSocket: `error` (string) |
//! | `live_state_unreadable` | warning | the database did not answer: `error` (string) |
//! | `sockets_cut_off` | warning | WebSockets did not end in time: `count` (integer) |
//! | `match_refreshed` | info | its result was taken from Steam |
//! | `steam_match_unknown` | info | Steam has no such match: `error` (string), what it says |
//! | `slow_response_begun` | debug | `/api/debug/slow/` waits |
//!
//! ```json
//! {"timestamp":"2026-11-21T03:58:06.862954Z","level":"info","logger":"dtx_backend::api::resource","event":"team_created","request.id":"9708182b-8cf1-41b3-9b3c-d8fa479c0fe5","labels":["team"],"user.id":1,"team.id":9}
//! ```

mod api;
mod application;
mod command;
mod jobs;
mod live;
mod outgoing;
mod password;
mod roles;
mod run;
mod server;
mod settings;
mod signals;
mod steam;
mod store;
mod timestamp;
mod token;

pub use application::Application;
pub use run::run;
pub use settings::{JobSettings, Settings, SteamSettings, VARIABLES};
pub use store::DatabaseUrl;
