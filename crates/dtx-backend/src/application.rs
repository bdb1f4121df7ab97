//! The application put together, without a socket.

use axum::Router;

use crate::api::{self, ApiState, CookieSettings};
use crate::outgoing;
use crate::password::Passwords;
use crate::settings::Settings;
use crate::steam::Steam;
use crate::store::Store;

/// The password of every user of the sample data. No secret: it is in the documentation.
const SAMPLE_PASSWORD: &str = "first-pick-roshan";

/// The site with its database open.
///
/// A test calls the [`router`](Self::router) without any socket; the program serves it.
#[derive(Clone, Debug)]
pub struct Application {
    state: ApiState,
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
        let outgoing = outgoing::client()?;
        let state = ApiState {
            steam: Steam::new(outgoing.clone(), settings.steam.clone()),
            outgoing,
            store: Store::open(&settings.database_url).await?,
            passwords: Passwords::new(),
            cookies: CookieSettings {
                secure: settings.cookie_secure,
            },
        };
        if settings.sample_data {
            add_sample_data(&state).await?;
        }
        Ok(Self {
            state,
            debug_routes: settings.debug_routes,
        })
    }

    /// The routes, with their telemetry.
    pub fn router(&self) -> Router {
        api::router(self.state.clone(), self.debug_routes)
    }

    /// Closes the database. Whatever needs it fails from then on.
    pub async fn close(&self) {
        self.state.store.close().await;
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
