//! The collector as a test sees it.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::behaviour::Behaviour;
use crate::received::{LogRecord, Metric, Span};
use crate::request::Request;
use crate::server::{self, Change};
use crate::store::Store;

/// How long is waited for something to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// A collector that runs until it is dropped.
///
/// The methods that wait block the thread. In a test on a runtime of a single thread, whose
/// exporter needs that thread, use [`wait_for_async`](Self::wait_for_async).
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    patience: Duration,
    store: Arc<Store>,
    runtime: Handle,
    changes: Option<UnboundedSender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// Starts a collector on a free port of `127.0.0.1`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    #[must_use = "the collector stops when it is dropped"]
    pub fn start() -> Self {
        Self::try_start().unwrap_or_else(|error| panic!("the collector did not start: {error}"))
    }

    fn try_start() -> io::Result<Self> {
        let store = Store::new();
        let (changes, receiver) = unbounded_channel();
        let (tell, started) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("otlp-test-collector".to_owned())
            .spawn({
                let store = Arc::clone(&store);
                move || server::run(&store, receiver, &tell)
            })?;
        let told = started.recv().map_err(io::Error::other)?;
        let (address, runtime) = told?;
        Ok(Self {
            address,
            patience: PATIENCE,
            store,
            runtime,
            changes: Some(changes),
            thread: Some(thread),
        })
    }

    /// Sets how long is waited for something to arrive; a minute if not set.
    #[must_use = "the collector stops when it is dropped"]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// The base URL for exporters over gRPC; over HTTP, a
    /// [path](crate::Signal::http_path) may have to be appended.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that it listens at, for sockets.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the behaviour. When this returns, connections and requests feel it.
    ///
    /// # Panics
    ///
    /// When the port cannot be listened to again, or the collector's thread has died.
    #[track_caller]
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        let (tell, done) = mpsc::channel();
        let sent = self
            .changes
            .as_ref()
            .map(|changes| changes.send((behaviour, tell)));
        match (sent, done.recv()) {
            (Some(Ok(())), Ok(Ok(()))) => {}
            (_, Ok(Err(error))) => panic!("the collector cannot change its behaviour: {error}"),
            _ => panic!("the collector's thread has died"),
        }
    }

    /// The spans that were accepted so far, in the order in which they came.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        self.store.received().spans.clone()
    }

    /// The metrics that were accepted so far: one for each time that it was exported.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        self.store.received().metrics.clone()
    }

    /// The log records that were accepted so far, in the order in which they came.
    #[must_use]
    pub fn logs(&self) -> Vec<LogRecord> {
        self.store.received().logs.clone()
    }

    /// All requests so far, also those that were not accepted or never answered.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.store.received().requests.clone()
    }

    /// How many connections have been accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.store.received().connections
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.store.received().open_connections
    }

    /// Forgets all requests and records; connections stay open and counted.
    pub fn clear(&self) {
        self.store.clear();
    }

    /// Lists all that arrived, one a line, for people.
    #[must_use]
    pub fn summary(&self) -> String {
        self.store.summary()
    }

    /// Waits for a span of this name and returns the first.
    ///
    /// # Panics
    ///
    /// When none comes; the message shows what did.
    #[track_caller]
    pub fn wait_for_span(&self, name: &str) -> Span {
        self.wait(&format!("span {name:?}"), |collector| {
            let received = collector.store.received();
            received
                .spans
                .iter()
                .find(|span| span.name == name)
                .cloned()
        })
    }

    /// Waits for a metric of this name and returns its last export.
    ///
    /// # Panics
    ///
    /// When none comes; the message shows what did.
    #[track_caller]
    pub fn wait_for_metric(&self, name: &str) -> Metric {
        self.wait(&format!("metric {name:?}"), |collector| {
            let received = collector.store.received();
            let mut latest = received.metrics.iter().rev();
            latest.find(|metric| metric.name == name).cloned()
        })
    }

    /// Waits for a log record with this event name or body and returns the first.
    ///
    /// # Panics
    ///
    /// When none comes; the message shows what did.
    #[track_caller]
    pub fn wait_for_log(&self, event: &str) -> LogRecord {
        self.wait(&format!("log {event:?}"), |collector| {
            let received = collector.store.received();
            received
                .logs
                .iter()
                .find(|record| record.is(event))
                .cloned()
        })
    }

    /// Waits until so many requests have come, answered or not, and returns all.
    ///
    /// # Panics
    ///
    /// When fewer come; the message shows them.
    #[track_caller]
    pub fn wait_for_requests(&self, count: usize) -> Vec<Request> {
        self.wait(&format!("{count} requests"), |collector| {
            let received = collector.store.received();
            (received.requests.len() >= count).then(|| received.requests.clone())
        })
    }

    /// Waits until this is `Some`; it is asked anew whenever something has arrived or a
    /// connection has come or gone.
    ///
    /// # Panics
    ///
    /// When it does not become so; the message shows what arrived.
    #[track_caller]
    pub fn wait_for<T>(&self, found: impl FnMut(&Self) -> Option<T>) -> T {
        self.wait("what was waited for", found)
    }

    /// Waits as [`wait_for`](Self::wait_for) does, without blocking the thread. Needs no
    /// runtime and no clock of the caller's.
    ///
    /// # Panics
    ///
    /// When it does not become so; the message shows what arrived.
    pub async fn wait_for_async<T>(&self, mut found: impl FnMut(&Self) -> Option<T>) -> T {
        let mut revision = self.store.revision();
        let patience = self.patience;
        // Made inside of the task, the timer is of the collector's runtime and clock.
        let timer = async move { tokio::time::sleep(patience).await };
        let mut out_of_patience = self.runtime.spawn(timer);
        loop {
            revision.mark_unchanged();
            if let Some(found) = found(self) {
                out_of_patience.abort();
                return found;
            }
            tokio::select! {
                _changed = revision.changed() => {}
                _elapsed = &mut out_of_patience => self.missing("what was waited for"),
            }
        }
    }

    #[track_caller]
    fn wait<T>(&self, what: &str, mut found: impl FnMut(&Self) -> Option<T>) -> T {
        let deadline = Instant::now() + self.patience;
        loop {
            let seen = *self.store.revision().borrow();
            if let Some(found) = found(self) {
                return found;
            }
            if !self.store.wait(seen, deadline) {
                self.missing(what);
            }
        }
    }

    #[track_caller]
    fn missing(&self, what: &str) -> ! {
        let patience = self.patience;
        panic!(
            "no {what} within {patience:?} among these:\n{}",
            self.summary()
        );
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.changes = None;
        let ended = self.thread.take().map(JoinHandle::join);
        if matches!(ended, Some(Err(_))) && !thread::panicking() {
            panic!("the collector's thread has panicked");
        }
    }
}
