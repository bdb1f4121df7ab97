//! The connection to the broker: made when it is first needed, and again whenever it is lost.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use futures_util::StreamExt as _;
use lapin::tcp::RustlsConnector;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};
use opentelemetry::{Context, KeyValue};
use telemetry_core::Scope;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::channels::Live;
use crate::{line, opening};

/// How often is looked whether a connection is still there that told nothing.
const LOOK: Duration = Duration::from_millis(500);
/// A connection that was there for so long has worked: the next wait is the shortest again.
const STABLE: Duration = Duration::from_secs(5);

/// Declares what the application needs of the broker.
pub(crate) type Topology =
    dyn Fn(Channel) -> Pin<Box<dyn Future<Output = lapin::Result<()>> + Send>> + Send + Sync;

/// How a broker is connected to.
pub(crate) struct Settings {
    /// Has the password: never shown.
    pub(crate) uri: AMQPUri,
    /// TLS of `amqps`; lapin's own without it.
    pub(crate) tls: Option<RustlsConnector>,
    pub(crate) name: String,
    pub(crate) topology: Option<Box<Topology>>,
    pub(crate) connect_timeout: Duration,
    pub(crate) publish_timeout: Duration,
    pub(crate) backoff: ExponentialBuilder,
    /// What spans and metrics say of it.
    pub(crate) server: [KeyValue; 2],
    /// What lines say of it.
    pub(crate) broker: String,
}

/// Where the connection is.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Being made, for the first time or as soon as it was lost.
    Connecting,
    Connected(Arc<Live>),
    /// Could not be made. It is tried again, after longer and longer waits.
    Away(lapin::Error),
}

/// The connection of a broker, and the task that keeps it. Ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) settings: Arc<Settings>,
    keeper: Mutex<Option<Keeper>>,
}

#[derive(Debug)]
struct Keeper {
    state: watch::Receiver<State>,
    task: JoinHandle<()>,
}

impl Link {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
            keeper: Mutex::default(),
        }
    }

    /// The connection, once it is known whether there is one.
    pub(crate) async fn live(&self) -> Result<Arc<Live>, lapin::Error> {
        let mut state = self.state();
        loop {
            match &*state.borrow_and_update() {
                State::Connected(live) if live.is_connected() => return Ok(Arc::clone(live)),
                State::Away(error) => return Err(error.clone()),
                // Just lost, or on its way.
                State::Connected(_) | State::Connecting => {}
            }
            if state.changed().await.is_err() {
                return Err(io::Error::from(io::ErrorKind::NotConnected).into());
            }
        }
    }

    /// The connection, as soon as there is one.
    pub(crate) async fn live_at_last(&self) -> Arc<Live> {
        loop {
            let mut state = self.state();
            let is_there =
                |state: &State| matches!(state, State::Connected(live) if live.is_connected());
            if let Ok(state) = state.wait_for(is_there).await
                && let State::Connected(live) = &*state
            {
                return Arc::clone(live);
            }
            // The runtime of the keeper is gone.
            sleep(LOOK).await;
        }
    }

    /// What is known of the connection. Starts to make it if nobody has, or the runtime of who
    /// did is gone.
    fn state(&self) -> watch::Receiver<State> {
        let keeper = self.keeper.lock();
        let mut keeper = keeper.unwrap_or_else(PoisonError::into_inner);
        match &*keeper {
            Some(keeper) if !keeper.task.is_finished() => keeper.state.clone(),
            _ => {
                let (sender, state) = watch::channel(State::Connecting);
                let task = keep(Arc::clone(&self.settings), sender);
                // It serves all, and belongs to nobody's request.
                let _no_trace = Context::new().attach();
                let task = Scope::new().in_scope(|| telemetry_core::spawn(task));
                let made = keeper.insert(Keeper { state, task });
                made.state.clone()
            }
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Keeps a connection there.
async fn keep(settings: Arc<Settings>, state: watch::Sender<State>) {
    let mut delays = settings.backoff.build();
    let mut outage = None;
    loop {
        match connect(&settings).await {
            Ok(live) => {
                line::write_connected(&settings.broker, outage.take());
                let connected = Instant::now();
                let live = Arc::new(live);
                // Whoever waits for it does so through another receiver.
                state.send_replace(State::Connected(Arc::clone(&live)));
                let error = lost(&live.connection).await;
                state.send_replace(State::Connecting);
                say_lost(&settings, &mut outage, &error);
                if connected.elapsed() >= STABLE {
                    delays = settings.backoff.build();
                    continue;
                }
            }
            Err(error) => {
                say_lost(&settings, &mut outage, &error);
                state.send_replace(State::Away(error));
            }
        }
        // There is always another: the number of times is not bounded.
        sleep(delays.next().unwrap_or(LOOK)).await;
    }
}

/// Says that the broker is away, once in each outage.
fn say_lost(settings: &Settings, outage: &mut Option<Instant>, error: &lapin::Error) {
    if outage.is_none() {
        *outage = Some(Instant::now());
        line::write_disconnected(&settings.broker, error);
    }
}

/// Makes a connection and declares the topology.
async fn connect(settings: &Settings) -> lapin::Result<Live> {
    let connecting = async {
        let properties =
            ConnectionProperties::default().with_connection_name(settings.name.as_str().into());
        let connection =
            opening::open(settings.uri.clone(), settings.tls.clone(), properties).await?;
        if let Some(topology) = &settings.topology {
            topology(connection.create_channel().await?).await?;
        }
        Ok(Live::new(connection))
    };
    let connecting = timeout(settings.connect_timeout, connecting).await;
    connecting.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

/// Waits until a connection is lost; the last error that it told.
async fn lost(connection: &Connection) -> lapin::Error {
    let mut events = connection.events_listener();
    let mut last = None;
    while connection.status().connected() {
        // Errors of channels come here too, and a connection may end without one.
        if let Ok(Some(Event::Error(error))) = timeout(LOOK, events.next()).await {
            last = Some(error);
        }
    }
    last.unwrap_or_else(|| io::Error::from(io::ErrorKind::ConnectionAborted).into())
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("broker", &self.broker)
            .field("name", &self.name)
            .field("topology", &self.topology.is_some())
            .field("connect_timeout", &self.connect_timeout)
            .field("publish_timeout", &self.publish_timeout)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}
