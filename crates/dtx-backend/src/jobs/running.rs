//! Counting the jobs that run.

use tokio::sync::watch;
use tokio::time::sleep;

use crate::jobs::worker::TIME_TO_END;

/// How many attempts at jobs are under way. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(watch::Sender<usize>);

/// An attempt that is under way until this is dropped.
#[derive(Debug)]
pub(super) struct RunningJob(watch::Sender<usize>);

impl Running {
    pub(super) fn begin(&self) -> RunningJob {
        self.0.send_modify(|count| *count += 1);
        RunningJob(self.0.clone())
    }

    pub(super) fn count(&self) -> usize {
        *self.0.borrow()
    }

    /// Waits until none has been under way for long enough that its worker could have ended: one
    /// that waits for its next attempt keeps the worker from that.
    pub(super) async fn none(&self) {
        let mut counts = self.0.subscribe();
        loop {
            // Never closed: the sender is here.
            let _is_open = counts.wait_for(|count| *count == 0).await.is_ok();
            tokio::select! {
                () = sleep(TIME_TO_END) => return,
                _ = counts.wait_for(|count| *count > 0) => {}
            }
        }
    }
}

impl Drop for RunningJob {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
