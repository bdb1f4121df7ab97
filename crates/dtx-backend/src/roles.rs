//! The roles of the program: each can be a process of its own, and all can be one.
//!
//! A role is a future that is told to stop and then ends in order. All roles of a process share
//! its database, run side by side, and stop side by side.

use anyhow::{Context as _, bail};
use telemetry_otel::OtelGuard;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::application::{Application, Parts};
use crate::settings::Settings;
use crate::signals::Signals;
use crate::{jobs, server};

/// Something that the program does until it is told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Answers requests and WebSockets.
    Serve,
    /// Does background jobs.
    Worker,
}

impl Role {
    /// What is done without a command.
    pub(crate) const ALL: &[Self] = &[Self::Serve, Self::Worker];
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
        true => Some(server::listen(settings.bind).await?),
        false => None,
    };
    let parts = Parts::open(settings).await?;
    let mut signals = Signals::listen()?;
    let (stop, stopping) = watch::channel(None);
    let stopping = Stop::new(stopping);
    let mut running = JoinSet::new();
    if let Some(listener) = listener {
        let application = Application::start(parts.clone(), settings).await?;
        let patience = settings.shutdown_timeout;
        let server = server::start(listener, application, telemetry)?;
        running.spawn(server.run(stopping.clone(), patience));
    }
    if roles.contains(&Role::Worker) {
        let (parts, settings, stop) = (parts.clone(), settings.clone(), stopping.clone());
        running.spawn(async move { jobs::start(&parts, &settings, stop).await });
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

/// Waits until the next role ends.
async fn next(running: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    match running.join_next().await {
        Some(ended) => ended.context("a role panicked")?,
        None => Ok(()),
    }
}
