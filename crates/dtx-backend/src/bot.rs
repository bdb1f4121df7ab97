//! The site's face in a chat: commands by signed HTTP requests, as Discord's interactions, and
//! announcements of what happens.
//!
//! Commands have no part in the database: they ask the API, as any other client.

mod announcer;
mod commands;
mod endpoint;
mod interaction;
mod signature;

use std::time::Duration;

use telemetry_core::names;
use tokio::net::TcpListener;

pub(crate) use announcer::Announcer;

use crate::bot::endpoint::Endpoint;
use crate::bot::signature::PublicKey;
use crate::events::EventBroker;
use crate::roles::Stop;
use crate::server;
use crate::settings::BotSettings;
use crate::site::Site;

/// The bot, before it begins.
#[derive(Debug)]
pub(crate) struct Bot {
    /// Where interactions come in, and whose signature they have; none without that.
    pub(crate) interactions: Option<(TcpListener, PublicKey)>,
    /// Where events come from, and what announces them; without it they are brought.
    pub(crate) events: Option<(EventBroker, Announcer)>,
    /// What commands ask.
    pub(crate) site: Site,
    /// How long what is under way has to end.
    pub(crate) patience: Duration,
}

/// Listens for interactions, if there is a key to tell whether they are Discord's.
///
/// # Errors
///
/// When the address is taken.
pub(crate) async fn listen(
    settings: &BotSettings,
) -> anyhow::Result<Option<(TcpListener, PublicKey)>> {
    let Some(key) = settings.public_key else {
        return Ok(None);
    };
    let listener = server::listen(settings.bind, "DTX_BOT_BIND").await?;
    Ok(Some((listener, PublicKey::new(key))))
}

impl Bot {
    /// Answers interactions, and announces what the broker brings, until it is told to stop.
    ///
    /// # Errors
    ///
    /// When the server ends by itself.
    pub(crate) async fn run(self, stop: Stop) -> anyhow::Result<()> {
        let Self {
            interactions,
            events,
            site,
            patience,
        } = self;
        tracing::info!("bot_started");
        let announcing = async {
            if let Some((broker, announcer)) = events {
                broker.consume(announcer, stop.clone(), patience).await;
            }
        };
        let answering = answer(interactions, site, stop.clone(), patience);
        let ((), answered) = tokio::join!(announcing, answering);
        tracing::info!("bot_stopped");
        answered
    }
}

/// Answers interactions until told to stop.
async fn answer(
    interactions: Option<(TcpListener, PublicKey)>,
    site: Site,
    mut stop: Stop,
    patience: Duration,
) -> anyhow::Result<()> {
    let stopping = async {
        let signal = stop.requested().await;
        tracing::info!(signal, "bot_stopping");
    };
    let Some((listener, key)) = interactions else {
        let problem = "there is no DISCORD_PUBLIC_KEY";
        tracing::info!({ names::PROBLEM } = problem, "interactions_off");
        stopping.await;
        return Ok(());
    };
    let address = listener.local_addr()?;
    tracing::info!(%address, "interactions_started");
    let router = Endpoint::new(key, site).router();
    server::serve(listener, router, stopping, async {}, patience).await
}
