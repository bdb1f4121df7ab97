//! Serving the application until it is told to stop.

use std::future::IntoFuture as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::serve::ListenerExt as _;
use telemetry_otel::OtelGuard;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::application::Application;
use crate::settings::Settings;
use crate::signals::Signals;

/// Serves until SIGINT or SIGTERM comes, then lets requests in flight finish.
///
/// # Errors
///
/// When it cannot begin, and when a second signal ends it at once.
pub(crate) async fn serve(settings: &Settings, telemetry: &OtelGuard) -> anyhow::Result<()> {
    if telemetry.exports() {
        telemetry_sysmetrics::start();
    }
    let listener = listen(settings.bind).await?;
    let address = listener.local_addr()?;
    let application = Application::open(settings).await?;
    let signals = Signals::listen()?;
    tracing::info!(%address, "server_started");
    announce(address, telemetry);
    run(listener, &application, signals, settings.shutdown_timeout).await?;
    application.close().await;
    tracing::info!("server_stopped");
    Ok(())
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} (DTX_BIND can name another address and port)")
    })
}

/// Tells a person where to look, on the standard error: the standard output is the log's.
fn announce(address: SocketAddr, telemetry: &OtelGuard) {
    // So that the log's line about it comes first. It is written soon, this or that way.
    let _is_written = telemetry.lines().flush(Duration::from_secs(1));
    // Nobody may be there to read it.
    let _is_read = writeln!(
        std::io::stderr(),
        "Listening on http://{address}, try: curl http://{address}/api/tournaments/"
    );
}

async fn run(
    listener: TcpListener,
    application: &Application,
    mut signals: Signals,
    patience: Duration,
) -> anyhow::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Without it, answers only come a little later.
        let _is_set = stream.set_nodelay(true);
    });
    let service = application
        .router()
        .into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopping) = oneshot::channel::<()>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        // Sent or dropped: either way it is to stop.
        let _sent = stopping.await;
    });
    let mut serving = pin!(serving.into_future());
    tokio::select! {
        ended = &mut serving => return ended.context("the server ended by itself"),
        signal = signals.next() => tracing::info!(signal, "server_stopping"),
    }
    drop(stop);
    // Requests in flight and WebSockets end side by side.
    let ending = async {
        let serving = tokio::time::timeout(patience, &mut serving);
        let (served, cut_off) = tokio::join!(serving, application.close_sockets(patience));
        if cut_off > 0 {
            tracing::warn!(count = cut_off, "sockets_cut_off");
        }
        served.unwrap_or_else(|_late| {
            tracing::warn!(after_s = patience.as_secs(), "server_stop_timed_out");
            Ok(())
        })
    };
    tokio::select! {
        ended = ending => ended.context("the server could not end"),
        signal = signals.next() => bail!("ended by a second signal ({signal})"),
    }
}
