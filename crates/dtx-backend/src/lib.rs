//! The DTX tournament site: the demo of the telemetry crates.
//!
//! Organizations hold leagues, leagues hold tournaments and the teams that play in them;
//! captains meet in drafts, teams in games, and matches record the results. The site stores
//! all of that in SQLite or PostgreSQL, serves it as a JSON API, and says on its log lines what happens,
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
//! | `run`, `command`, `settings`, `doctor` | the program: its arguments, its variables, its telemetry |
//! | `roles`, `signals` | what of the program a process does, and ending that side by side |
//! | `server` | listening, and ending without cutting a request short |
//! | `bot` | commands of a chat, which ask the API; what is announced there |
//! | `events` | what happens, by way of the outbox to the broker or the bot |
//! | `notifier`, `transitioner`, `cycle` | daemons: what they do, and doing it again and again |
//! | `cache` | tables and sessions, in Redis or within the process |
//! | `jobs` | background jobs, a file for each; their queues, and the workers |
//! | `application` | the database and the routes put together, without a socket |
//! | `api` | routes and handlers, a file for each resource; sessions; errors |
//! | `live` | drafts and tournaments as they happen: the rules, the clock, the watchers |
//! | `store` | the only place with SQL, a file for each resource |
//! | `outgoing`, `site`, `steam` | requests to the API and to other services |
//! | `tls` | the certificates of connections |
//!
//! # What it logs
//!
//! Beside the lines of `telemetry-core`, `-http`, `-ws`, `-jobs` and `-amqp`;
//! every line within a request carries the request's context, `user.id` included when somebody is
//! logged in, and so do those of the jobs that it pushes. Those of a command of the bot have
//! `discord.guild.id`, `discord.channel.id`, `discord.user.id` and `discord.command.name` (strings).
//!
//! | event | level | when, and its own fields |
//! |---|---|---|
//! | `server_started` | info | it listens: `address` (string) |
//! | `server_stopping` | info | a signal came: `signal` (string); absent when another role failed |
//! | `server_stop_timed_out` | warning | requests in flight did not finish in time: `after_s` (integer) |
//! | `server_stopped` | info | nobody is served any more |
//! | `bot_started`, `bot_stopped` | info | it answers commands and announces events, or no longer |
//! | `interactions_started` | info | the bot listens for them: `address` (string) |
//! | `interactions_off` | info | the bot listens nowhere: `problem` (string) |
//! | `bot_stopping` | info | a signal came: `signal` (string) |
//! | `bot_command_misused` | info | there is no such command, or an option is not right: `error` (string), what is said about it |
//! | `bot_command_failed` | warning | the API refuses or does not answer: `error` (string) |
//! | `worker_started` | info | it takes jobs |
//! | `worker_stopping` | info | a signal came, and no more are taken: `signal` (string), `running` (integer), how many jobs do |
//! | `worker_stop_timed_out` | warning | running jobs did not finish in time: `after_s`, `running` (integers) |
//! | `worker_stopped` | info | no job runs any more: `released` (integer), how many it gives back |
//! | `worker_failed` | error | its database did not answer, and it starts again: `queue`, `error` (strings) |
//! | `queue_watch_failed` | warning | jobs may begin late: `error` (string) |
//! | `heartbeat_failed` | warning | other workers may do its running jobs too: `error` (string) |
//! | `enqueue_failed` | error | a job was not pushed, and its request goes on: `error` (string) |
//! | `job_revived` | info | the staff has put a dead job back: `child_task_id` (string) |
//! | `match_stats_recorded` | info | a job has taken them from Steam: `players` (integer) |
//! | `standings_recomputed` | info | a job has stored them: `teams` (integer) |
//! | `match_gone`, `tournament_gone` | info | a job has nothing to do any more |
//! | `cleaned_up` | info | on its schedule: `sessions`, `jobs`, `events` (integers), how many were removed |
//! | `notifier_started`, `notifier_stopped` | info | it sends notices of games, or no longer |
//! | `notification_sent` | info | `notification.id`, `notification.attempt`, `game.id` (integers), `game.scheduled_at` (string) |
//! | `notification_dropped` | info | the game was put off, or has ended; the same fields |
//! | `notification_failed` | warning | it is tried again later: `error` (string); the same fields |
//! | `notification_not_postponed` | warning | it is tried again in a minute: `error` (string) |
//! | `transitioner_started`, `transitioner_stopped` | info | it begins and ends games, or no longer |
//! | `game_transitioned` | info | `game.id` (integer), `game.old_status`, `game.new_status`, `game.transitioned_at` (strings) |
//! | `transition_failed` | warning | it is tried again: `error` (string), `game.id`, `game.old_status` |
//! | `cycle_failed`, `cycle_recovered` | error, info | a daemon cannot find out what is due, and can again: `cycle`, `error` (strings) |
//! | `cycle_completed` | info, or warning | a daemon did what was due, or a part of it failed: `cycle`, `error` (strings), `items.succeeded`, `items.failed` (integers) |
//! | `events_delayed`, `events_resumed` | warning, info | events cannot be told, and can again: `error` (string) |
//! | `event_announced` | info | in the chat: `announcement.id` (string) |
//! | `announcement_not_noted` | warning | the database does not answer: it is tried until it does: `error` (string) |
//! | `cache_unavailable` | warning | Redis does not answer, and the database does its work: `error` (string) |
//! | `cache_recovered` | info | Redis answers again: `duration_ms` (float) |
//! | `cached_standings_stale` | warning | a table that has changed stays in the cache until it is a minute old: `error` (string) |
//! | `database_close_timed_out` | warning | queries did not end in time |
//! | `sample_data_added` | info | the database was empty |
//! | `user_created` | info | somebody signed up: `new_user.id` (integer) |
//! | `user_updated` | info | a user was changed: `changed_user.id` (integer) |
//! | `user_logged_in`, `user_logged_out` | info | a session begins or ends |
//! | `login_failed` | warning | the username or the password is wrong |
//! | `<resource>_created` | info | `<resource>.id` is on this line and all later ones of the request |
//! | `<resource>_updated`, `<resource>_deleted` | info | |
//! | `game_joined` | info | somebody takes part in a game |
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
mod bot;
mod cache;
mod command;
mod cycle;
mod doctor;
mod events;
mod jobs;
mod live;
mod notifier;
mod outgoing;
mod password;
mod roles;
mod run;
mod server;
mod settings;
mod signals;
mod site;
mod steam;
mod store;
mod timestamp;
mod tls;
mod token;
mod transitioner;

pub use application::Application;
pub use run::run;
pub use settings::{
    BotSettings, CacheSettings, DaemonSettings, EventSettings, JobSettings, ProxySettings,
    Settings, SteamSettings, TlsSettings, VARIABLES,
};
pub use store::DatabaseUrl;
