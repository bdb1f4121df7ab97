//! Serving the application until it is told to stop.

use std::future::IntoFuture as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::serve::ListenerExt as _;
use telemetry_otel::OtelGuard;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::application::Application;
use crate::roles::Stop;

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    listener: TcpListener,
    application: Application,
}

/// Listens on an address, which `variable` names.
pub(crate) async fn listen(
    address: SocketAddr,
    variable: &'static str,
) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address} ({variable} can name another address and port)")
    })
}

/// Says that the application is there for requests, which [`Server::run`] answers.
///
/// # Errors
///
/// When the listener has no address.
pub(crate) fn start(
    listener: TcpListener,
    application: Application,
    telemetry: &OtelGuard,
) -> anyhow::Result<Server> {
    let address = listener.local_addr()?;
    tracing::info!(%address, "server_started");
    announce(address, telemetry);
    Ok(Server {
        listener,
        application,
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

impl Server {
    /// Serves until it is told to stop, then lets requests in flight finish.
    ///
    /// # Errors
    ///
    /// When it ends by itself.
    pub(crate) async fn run(self, mut stop: Stop, patience: Duration) -> anyhow::Result<()> {
        let Self {
            listener,
            application,
        } = self;
        let stopping = async {
            let signal = stop.requested().await;
            tracing::info!(signal, "server_stopping");
        };
        let closing = async {
            let cut_off = application.close_sockets(patience).await;
            if cut_off > 0 {
                tracing::warn!(count = cut_off, "sockets_cut_off");
            }
        };
        let router = application.router();
        serve(listener, router, stopping, closing, patience).await?;
        application.end().await;
        tracing::info!("server_stopped");
        Ok(())
    }
}

/// Serves until `stopping` ends, then lets requests in flight finish while `closing` is done,
/// but does not wait for them for longer than `patience`.
///
/// # Errors
///
/// When it ends by itself.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    stopping: impl Future<Output = ()>,
    closing: impl Future<Output = ()>,
    patience: Duration,
) -> anyhow::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Without it, answers only come a little later.
        let _is_set = stream.set_nodelay(true);
    });
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let (stop_serving, stopped) = oneshot::channel::<()>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async {
        // Sent or dropped: either way it is to stop.
        let _sent = stopped.await;
    });
    let mut serving = pin!(serving.into_future());
    tokio::select! {
        ended = &mut serving => return ended.context("the server ended by itself"),
        () = stopping => {}
    }
    drop(stop_serving);
    let (served, ()) = tokio::join!(tokio::time::timeout(patience, &mut serving), closing);
    let served = served.unwrap_or_else(|_late| {
        tracing::warn!(after_s = patience.as_secs(), "server_stop_timed_out");
        Ok(())
    });
    served.context("the server could not end")
}
