//! What the collector's thread and the test share.

use std::fmt::Write as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::behaviour::Behaviour;
use crate::received::{Batch, LogRecord, Metric, Span};
use crate::request::Request;

/// The behaviour, all that was received, and who waits for more.
#[derive(Debug)]
pub(crate) struct Store {
    behaviour: watch::Sender<Behaviour>,
    received: Mutex<Received>,
    /// For threads that wait; for tasks that do, see `revision`.
    more: Condvar,
    /// Rises with each change of what was received.
    revision: watch::Sender<u64>,
}

/// All that was received.
#[derive(Debug, Default)]
pub(crate) struct Received {
    pub(crate) spans: Vec<Span>,
    pub(crate) metrics: Vec<Metric>,
    pub(crate) logs: Vec<LogRecord>,
    pub(crate) requests: Vec<Request>,
    pub(crate) connections: usize,
    pub(crate) open_connections: usize,
}

impl Store {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            behaviour: watch::Sender::default(),
            received: Mutex::default(),
            more: Condvar::new(),
            revision: watch::Sender::default(),
        })
    }

    pub(crate) fn behaviour(&self) -> watch::Ref<'_, Behaviour> {
        self.behaviour.borrow()
    }

    pub(crate) fn set_behaviour(&self, behaviour: Behaviour) {
        self.behaviour.send_replace(behaviour);
    }

    /// Waits for this time or for the behaviour to be changed.
    pub(crate) async fn sleep(&self, time: Duration) {
        let mut behaviour = self.behaviour.subscribe();
        tokio::select! {
            () = tokio::time::sleep(time) => {}
            _changed = behaviour.changed() => {}
        }
    }

    pub(crate) fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn keep(&self, request: Request, batch: Option<Batch>) {
        self.change(|received| {
            received.requests.push(request);
            match batch {
                Some(Batch::Spans(spans)) => received.spans.extend(spans),
                Some(Batch::Metrics(metrics)) => received.metrics.extend(metrics),
                Some(Batch::Logs(records)) => received.logs.extend(records),
                None => {}
            }
        });
    }

    pub(crate) fn clear(&self) {
        self.change(|received| {
            *received = Received {
                connections: received.connections,
                open_connections: received.open_connections,
                ..Received::default()
            };
        });
    }

    /// Counts a connection until the guard is dropped.
    pub(crate) fn connection(self: &Arc<Self>) -> OpenConnection {
        self.change(|received| {
            received.connections += 1;
            received.open_connections += 1;
        });
        OpenConnection(Arc::clone(self))
    }

    /// A number that differs when anything has been received since.
    pub(crate) fn revision(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Blocks until the revision is another than this, or until the deadline. Says whether
    /// it is another.
    pub(crate) fn wait(&self, seen: u64, deadline: Instant) -> bool {
        let patience = deadline.saturating_duration_since(Instant::now());
        let unchanged = |_: &mut Received| *self.revision.borrow() == seen;
        let waited = self
            .more
            .wait_timeout_while(self.received(), patience, unchanged);
        let (_received, result) = waited.unwrap_or_else(PoisonError::into_inner);
        !result.timed_out()
    }

    /// Lists what was received, for people.
    pub(crate) fn summary(&self) -> String {
        let received = self.received();
        let mut text = format!(
            "{} connections, {} of them open; behaviour {:?}\n",
            received.connections,
            received.open_connections,
            *self.behaviour(),
        );
        let mut line = |kind: &str, name: &dyn std::fmt::Display| {
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "  {kind} {name}");
        };
        for request in &received.requests {
            let problem = request
                .problem
                .as_deref()
                .unwrap_or(match request.accepted {
                    true => "accepted",
                    false => "not accepted",
                });
            line("request", &format_args!("{} ({problem})", request.path));
        }
        for span in &received.spans {
            line("span", &format_args!("{:?} {}", span.name, span.attributes));
        }
        for metric in &received.metrics {
            let points = metric.points.len();
            line(
                "metric",
                &format_args!("{:?} with {points} points", metric.name),
            );
        }
        for log in &received.logs {
            line(
                "log",
                &format_args!("{:?} {} {}", log.event_name, log.body, log.attributes),
            );
        }
        text
    }

    fn change(&self, change: impl FnOnce(&mut Received)) {
        let mut received = self.received();
        change(&mut received);
        self.revision.send_modify(|revision| *revision += 1);
        self.more.notify_all();
    }
}

/// A connection that counts as open.
#[derive(Debug)]
pub(crate) struct OpenConnection(Arc<Store>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.change(|received| received.open_connections -= 1);
    }
}
