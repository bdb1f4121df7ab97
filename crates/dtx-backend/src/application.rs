//! The application put together, without a socket.

use std::time::Duration;

use axum::Router;
use telemetry_core::UnitOfWork;
use telemetry_ws::{ConnectionTracker, WebSocketTelemetry};

use crate::api::{self, ApiState, CookieSettings};
use crate::cache::{Cache, Sessions, Standings};
use crate::jobs::Queues;
use crate::live::Live;
use crate::outgoing::Clients;
use crate::password::Passwords;
use crate::settings::Settings;
use crate::steam::Steam;
use crate::store::Store;
use crate::token::ApiToken;

/// The password of every user of the sample data. No secret: it is in the documentation.
const SAMPLE_PASSWORD: &str = "first-pick-roshan";

/// How long a WebSocket may be silent: then it is asked whether it is there.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// How many bytes a WebSocket message may have. Commands are short.
const LARGEST_MESSAGE: usize = 4096;

/// What all roles of a process have in common. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) store: Store,
    pub(crate) cache: Cache,
    pub(crate) queues: Queues,
    pub(crate) clients: Clients,
    pub(crate) steam: Steam,
    /// By which the API knows the bot.
    pub(crate) api_token: ApiToken,
}

impl Parts {
    /// Opens the database and brings it up to date.
    ///
    /// # Errors
    ///
    /// When it cannot be used; the error is one line that says what to do.
    pub(crate) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let clients = Clients::new(settings)?;
        let cache = Cache::open(settings.cache.redis_url.as_deref(), &settings.tls)?;
        let store = Store::open(&settings.database_url, &settings.tls).await?;
        Ok(Self {
            queues: Queues::new(store.clone()),
            store,
            cache,
            steam: Steam::new(clients.external.clone(), settings.steam.clone()),
            clients,
            api_token: ApiToken::new(settings.bot.api_token.as_deref())?,
        })
    }

    pub(crate) fn standings(&self) -> Standings {
        Standings::new(self.store.clone(), self.cache.clone())
    }
}

/// The site with its database open.
///
/// A test calls the [`router`](Self::router) without any socket; the program serves it.
#[derive(Clone, Debug)]
pub struct Application {
    state: ApiState,
    sockets: ConnectionTracker,
    debug_routes: bool,
}

impl Application {
    /// Opens the database, brings it up to date, and fills it with sample data if that is
    /// wanted and it is empty.
    ///
    /// # Errors
    ///
    /// When the database cannot be used; the error is one line that says what to do.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        Self::start(Parts::open(settings).await?, settings).await
    }

    /// Fills an empty database with sample data if that is wanted, and goes on with what was
    /// under way.
    ///
    /// # Errors
    ///
    /// When the database cannot be used.
    pub(crate) async fn start(parts: Parts, settings: &Settings) -> anyhow::Result<Self> {
        let starting = Self::start_in_unit(parts, settings);
        UnitOfWork::new("start_site").run(starting).await
    }

    async fn start_in_unit(parts: Parts, settings: &Settings) -> anyhow::Result<Self> {
        let standings = parts.standings();
        let Parts {
            store,
            cache,
            queues,
            clients,
            steam,
            api_token,
        } = parts;
        let state = ApiState {
            steam,
            api_token,
            outgoing: clients.external,
            queues,
            standings,
            sessions: Sessions::new(store.clone(), cache),
            live: Live::new(store.clone(), settings.pick_time),
            store,
            passwords: Passwords::new(),
            cookies: CookieSettings {
                secure: settings.cookie_secure,
            },
        };
        if settings.sample_data {
            add_sample_data(&state).await?;
        }
        state.live.resume().await?;
        Ok(Self {
            state,
            sockets: ConnectionTracker::new(),
            debug_routes: settings.debug_routes,
        })
    }

    /// The routes, with their telemetry.
    pub fn router(&self) -> Router {
        let sockets = WebSocketTelemetry::new()
            .with_tracker(self.sockets.clone())
            .with_client_ip(true)
            .with_message_spans(true)
            .with_idle_timeout(IDLE_TIMEOUT)
            .with_max_message_size(LARGEST_MESSAGE);
        api::router(self.state.clone(), sockets, self.debug_routes)
    }

    /// Tells all WebSockets to go, and waits until they have; takes no others. Gives the number
    /// of those that had to be cut off at the deadline.
    pub async fn close_sockets(&self, deadline: Duration) -> usize {
        self.sockets.shutdown(deadline).await
    }

    /// Closes the database. Whatever needs it fails from then on.
    pub async fn close(&self) {
        self.end().await;
        self.state.store.close().await;
    }

    /// Ends what it does by itself. The database stays open.
    pub(crate) async fn end(&self) {
        self.state.live.close().await;
    }
}

async fn add_sample_data(state: &ApiState) -> anyhow::Result<()> {
    if state.store.has_users().await? {
        return Ok(());
    }
    let hash = state.passwords.hash(SAMPLE_PASSWORD.to_owned()).await?;
    if state.store.add_sample_data(&hash).await? {
        tracing::info!("sample_data_added");
    }
    Ok(())
}
