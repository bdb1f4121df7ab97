//! The open connections, and their end at shutdown.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{self, Instant};

/// How long to wait for handlers that are being dropped.
const BLOCKED: Duration = Duration::from_secs(1);

/// A connection, as the tracker ends it.
pub(crate) trait Tracked: Send + Sync {
    /// Tells the peer that this end goes away, and leaves the rest to the handler.
    fn go_away(&self);

    /// How long the peer may take to go then.
    fn close_timeout(&self) -> Duration;

    /// Lets the handler see the end of a connection whose peer does not go.
    fn hang_up(&self);

    /// Ends the connection and drops its handler.
    fn abort(&self);
}

/// Knows the open connections, so that they can be ended: axum's graceful shutdown does not
/// wait for them.
///
/// ```no_run
/// # async fn example(app: axum::Router) -> std::io::Result<()> {
/// use std::time::Duration;
///
/// use telemetry_ws::ConnectionTracker;
///
/// # async fn asked_to_stop() {}
/// let connections = ConnectionTracker::new(); // also given to `WebSocketTelemetry`
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
/// axum::serve(listener, app).with_graceful_shutdown(asked_to_stop()).await?;
/// connections.shutdown(Duration::from_secs(5)).await;
/// # Ok(())
/// # }
/// ```
///
/// A cheap handle: clones know the same connections.
#[derive(Clone, Default)]
pub struct ConnectionTracker {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    open: Mutex<Open>,
    changed: Notify,
}

#[derive(Default)]
struct Open {
    connections: HashMap<u64, Weak<dyn Tracked>>,
    next: u64,
    is_shut_down: bool,
}

/// The place of a connection among the open ones, until it is dropped.
pub(crate) struct Tracking {
    inner: Arc<Inner>,
    number: u64,
}

impl ConnectionTracker {
    /// Makes one that knows none.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many connections are open, or have a handler that still runs.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.inner.lock().connections.len()
    }

    /// Ends all connections, and lets no others begin: upgrades are answered with 503 from
    /// now on.
    ///
    /// Each peer gets a close frame with the code 1001. The handlers see their connections
    /// end, as soon as the peer has answered, or has had its
    /// [time to](crate::WebSocketTelemetry::with_close_timeout), and have until the deadline to
    /// finish; those that have not are dropped. Gives how many were dropped.
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        let connections = self.inner.shut_down();
        let mut patience = Duration::ZERO;
        for connection in &connections {
            connection.go_away();
            patience = patience.max(connection.close_timeout());
        }
        drop(connections);
        let begun = Instant::now();
        if self.is_empty_within(patience.min(deadline)).await {
            return 0;
        }
        if patience < deadline {
            for connection in self.inner.shut_down() {
                connection.hang_up();
            }
            let left = deadline.saturating_sub(begun.elapsed());
            if self.is_empty_within(left).await {
                return 0;
            }
        }
        let late = self.inner.shut_down();
        for connection in &late {
            connection.abort();
        }
        // A handler that is dropped ends at once, unless it blocks its thread.
        let _blocked = time::timeout(BLOCKED, self.wait_until_empty()).await;
        late.len()
    }

    /// Waits until no connection is open; `false` when that is not so in time.
    async fn is_empty_within(&self, deadline: Duration) -> bool {
        time::timeout(deadline, self.wait_until_empty())
            .await
            .is_ok()
    }

    /// Waits until no connection is open.
    async fn wait_until_empty(&self) {
        loop {
            let mut changed = std::pin::pin!(self.inner.changed.notified());
            changed.as_mut().enable();
            if self.open_connections() == 0 {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.inner.lock().is_shut_down
    }

    /// Takes in a connection. One that begins after the shutdown ends at once.
    pub(crate) fn track(&self, connection: &Weak<dyn Tracked>) -> Tracking {
        let mut open = self.inner.lock();
        let number = open.next;
        open.next += 1;
        let is_late = open.is_shut_down;
        open.connections.insert(number, Weak::clone(connection));
        drop(open);
        if let Some(connection) = connection.upgrade().filter(|_| is_late) {
            connection.go_away();
        }
        Tracking {
            inner: Arc::clone(&self.inner),
            number,
        }
    }
}

impl Inner {
    fn shut_down(&self) -> Vec<Arc<dyn Tracked>> {
        let mut open = self.lock();
        open.is_shut_down = true;
        open.connections
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tracking {
    fn drop(&mut self) {
        let mut open = self.inner.lock();
        open.connections.remove(&self.number);
        let is_last = open.connections.is_empty();
        drop(open);
        if is_last {
            self.inner.changed.notify_waiters();
        }
    }
}

impl fmt::Debug for ConnectionTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectionTracker")
            .field("open_connections", &self.open_connections())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Tracking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracking").finish_non_exhaustive()
    }
}
