//! What the watchers of one draft or tournament are told: always the newest state.

use std::sync::Arc;
use std::time::Duration;

use telemetry_core::error_chain;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::Instrument as _;

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
/// second for what others change.
///
/// Ends when it is gone, or nothing is due and `is_left` says that nobody watches it any more.
pub(super) async fn run(
    mut source: impl Source,
    watchers: watch::Sender<State>,
    mut changes: watch::Receiver<u64>,
    is_left: impl Fn() -> bool + Send,
) {
    loop {
        // What changes while it is read is read again.
        changes.borrow_and_update();
        let mut next = Instant::now() + OTHERS;
        // Its statements are beneath one span.
        let reading = source
            .read()
            .instrument(tracing::info_span!("refresh_room"));
        match reading.await {
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
            Err(error) => {
                tracing::warn!(
                    error = &*error_chain::sentence(&*error),
                    "live_state_unreadable"
                );
            }
        }
        tokio::select! {
            changed = changes.changed() => if changed.is_err() { break },
            () = sleep_until(next) => {}
            () = watchers.closed(), if !watchers.is_closed() => {}
        }
    }
}
