//! What the watchers of one draft or tournament are told: always the newest state.

use std::sync::Arc;
use std::time::Duration;

use telemetry_core::{UnitOfWork, error_chain, record_error};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How often a room looks for what other processes have changed.
const OTHERS: Duration = Duration::from_secs(1);

/// A message for all watchers: JSON.
pub(crate) type State = Arc<str>;

/// Where something to watch comes from.
pub(super) trait Source: Send + 'static {
    /// Reads the state, and moves it on where time has done so.
    ///
    /// # Errors
    ///
    /// What is logged. The room tries again.
    fn read(&mut self) -> impl Future<Output = anyhow::Result<Reading>> + Send;
}

/// What a source is like now.
pub(super) struct Reading {
    /// `None` when it is gone.
    pub(super) state: Option<State>,
    /// When time will move it on.
    pub(super) due: Option<Instant>,
}

/// Reads the source whenever something has changed in this process, when it is due, and once a
/// second for what others change. Each time is a unit of work, which `unit` makes.
///
/// Ends when it is gone, or nothing is due and `is_left` says that nobody watches it any more.
pub(super) async fn run(
    mut source: impl Source,
    watchers: watch::Sender<State>,
    mut changes: watch::Receiver<u64>,
    unit: impl Fn() -> UnitOfWork + Send,
    is_left: impl Fn() -> bool + Send,
) {
    loop {
        // What changes while it is read is read again.
        changes.borrow_and_update();
        let mut next = Instant::now() + OTHERS;
        let reading = async {
            let read = source.read().await;
            if let Err(error) = &read {
                record_error("room_unreadable", &**error);
                let error = &*error_chain::sentence(&**error);
                tracing::warn!(error, "live_state_unreadable");
            }
            read
        };
        match unit().run(reading).await {
            Ok(Reading { state: None, .. }) => break,
            Ok(Reading {
                state: Some(state),
                due,
            }) => {
                watchers.send_if_modified(|last| {
                    let is_news = **last != *state;
                    if is_news {
                        *last = state;
                    }
                    is_news
                });
                if due.is_none() && is_left() {
                    break;
                }
                next = due.map_or(next, |due| due.min(next));
            }
            Err(_reported) => {}
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { break },
            () = sleep_until(next) => {}
            () = watchers.closed(), if !watchers.is_closed() => {}
        }
    }
}
