//! The roles of the program: each can be a process of its own, and all can be one.
//!
//! A role is a future that is told to stop and then ends in order. All roles of a process share
//! its database, run side by side, and stop side by side.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, bail};
use telemetry_otel::OtelGuard;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::application::{Application, Parts};
use crate::bot::{self, Announcer, Bot};
use crate::events::{EventBroker, Relay, Sink};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::site::Site;
use crate::{jobs, notifier, server, transitioner};

/// Something that the program does until it is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers requests and WebSockets.
    Serve,
    /// Does background jobs.
    Worker,
    /// Answers commands of a chat, and announces there what happens.
    Bot,
    /// Sends notices of games that are about to begin.
    Notifier,
    /// Moves games on when their time has come.
    Transitioner,
}

impl Role {
    /// What is done without a command.
    pub(crate) const ALL: &[Self] = &[
        Self::Serve,
        Self::Worker,
        Self::Bot,
        Self::Notifier,
        Self::Transitioner,
    ];
}

/// Tells a role to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<Option<Reason>>);

/// The name of the signal; `None` when another role has failed.
pub(crate) type Reason = Option<&'static str>;

impl Stop {
    /// Tells it once there is a reason.
    pub(crate) fn new(reason: watch::Receiver<Option<Reason>>) -> Self {
        Self(reason)
    }

    /// Whether the role is to stop.
    pub(crate) fn is_requested(&self) -> bool {
        // Without anybody left to tell, it is to stop too.
        self.0.borrow().is_some() || self.0.has_changed().is_err()
    }

    /// Waits until the role is to stop; the name of the signal, if it is for one.
    pub(crate) async fn requested(&mut self) -> Reason {
        // Without anybody left to tell, it is to stop too.
        let reason = self.0.wait_for(Option::is_some).await;
        reason.ok().and_then(|reason| reason.flatten())
    }
}

/// Plays roles until SIGINT or SIGTERM comes, then lets what they do finish.
///
/// # Errors
///
/// When one cannot begin or fails, and when a second signal ends all at once.
pub(crate) async fn run(
    roles: &[Role],
    settings: &Settings,
    telemetry: &OtelGuard,
) -> anyhow::Result<()> {
    if telemetry.exports() {
        telemetry_sysmetrics::start();
    }
    // Nothing is made on disk for a program that cannot serve.
    let listener = match roles.contains(&Role::Serve) {
        true => Some(server::listen(settings.bind, "DTX_BIND").await?),
        false => None,
    };
    let interactions = match roles.contains(&Role::Bot) {
        true => bot::listen(&settings.bot).await?,
        false => None,
    };
    let broker = EventBroker::new(settings)?;
    let parts = Parts::open(settings).await?;
    let site = {
        let address = match &listener {
            Some(listener) => listener.local_addr()?,
            None => settings.bind,
        };
        let url = settings.bot.api_url.clone();
        let url = url.unwrap_or_else(|| format!("http://{}", reachable(address)));
        Site::new(
            parts.clients.internal.clone(),
            &url,
            parts.api_token.clone(),
        )
    };
    let mut signals = Signals::listen()?;
    let (stop, stopping) = watch::channel(None);
    let stopping = Stop::new(stopping);
    let mut running = JoinSet::new();
    let patience = settings.shutdown_timeout;
    let announcer = roles.contains(&Role::Bot).then(|| {
        let webhook = settings.events.webhook_url.clone();
        Announcer::new(parts.store.clone(), parts.clients.external.clone(), webhook)
    });
    let sink = match (&broker, &announcer) {
        (Some(broker), _) => Some(Sink::Broker(broker.clone())),
        (None, Some(announcer)) => Some(Sink::Bot(announcer.clone())),
        // They wait for a process that has a bot.
        (None, None) => None,
    };
    if let Some(sink) = sink {
        let relay = Relay::new(parts.store.clone(), sink);
        let stop = stopping.clone();
        running.spawn(async move {
            relay.run(stop).await;
            Ok(())
        });
    }
    if let Some(announcer) = announcer {
        let bot = Bot {
            interactions,
            events: broker.map(|broker| (broker, announcer)),
            site: site.clone(),
            patience,
        };
        running.spawn(bot.run(stopping.clone()));
    }
    if let Some(listener) = listener {
        let application = Application::start(parts.clone(), settings).await?;
        let server = server::start(listener, application, telemetry)?;
        running.spawn(server.run(stopping.clone(), patience));
    }
    if roles.contains(&Role::Worker) {
        let (parts, settings, stop) = (parts.clone(), settings.clone(), stopping.clone());
        running.spawn(async move { jobs::start(&parts, &settings, stop).await });
    }
    if roles.contains(&Role::Notifier) {
        let notifying = notifier::run(parts.store.clone(), site, settings, stopping.clone());
        running.spawn(notifying);
    }
    if roles.contains(&Role::Transitioner) {
        running.spawn(transitioner::run(&parts, settings, stopping.clone()));
    }
    let (failed, reason) = tokio::select! {
        ended = next(&mut running) => (ended, None),
        signal = signals.next() => (Ok(()), Some(signal)),
    };
    // Nobody may be left to be told.
    stop.send_replace(Some(reason));
    let ending = async {
        let mut result = failed;
        while !running.is_empty() {
            let ended = next(&mut running).await;
            result = result.and(ended);
        }
        result
    };
    let result = tokio::select! {
        result = ending => result,
        signal = signals.next() => bail!("ended by a second signal ({signal})"),
    };
    parts.store.close().await;
    result
}

/// Where whoever listens on an address is reached from here.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

/// Waits until the next role ends.
async fn next(running: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    match running.join_next().await {
        Some(ended) => ended.context("a role panicked")?,
        None => Ok(()),
    }
}
