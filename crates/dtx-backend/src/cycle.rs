//! What daemons do again and again.

use std::future::{Ready, ready};
use std::time::Duration;

use telemetry_core::{UnitOfWork, bind, error_chain, record_error};
use tokio::time::{sleep, timeout};

use crate::roles::Stop;

/// What a cycle did.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// How many things it did.
    pub(crate) succeeded: usize,
    /// How many things it could not do.
    pub(crate) failed: usize,
    /// Whether more may be due.
    pub(crate) is_more: bool,
}

impl Outcome {
    /// That of a cycle that has done nothing yet.
    pub(crate) fn new(is_more: bool) -> Self {
        Self {
            is_more,
            ..Self::default()
        }
    }

    /// Counts one thing; a step of a fold over all.
    pub(crate) fn count(mut self, has_succeeded: bool) -> Ready<Self> {
        if has_succeeded {
            self.succeeded += 1;
        } else {
            self.failed += 1;
        }
        ready(self)
    }
}

/// Some of the things that a cycle had to do have failed.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("{failed} of {} failed", .succeeded + .failed)]
struct SomeFailed {
    succeeded: usize,
    failed: usize,
}

/// Something that is done in cycles.
pub(crate) trait Cycle {
    /// The name of a cycle's span, and of the role on lines.
    const NAME: &'static str;

    /// Does what is due.
    ///
    /// # Errors
    ///
    /// When it cannot be found out. What fails for one thing is counted, and no error.
    fn run(&self) -> impl Future<Output = anyhow::Result<Outcome>> + Send;
}

/// Runs cycles, each a unit of work and a root span, until told to stop. One that is under way
/// then has `patience` to end.
pub(crate) async fn repeat(
    cycle: &impl Cycle,
    every: Duration,
    patience: Duration,
    mut stop: Stop,
) {
    let mut is_failing = false;
    loop {
        let running = run_once(cycle, &mut is_failing);
        let mut running = std::pin::pin!(running);
        let is_more = tokio::select! {
            is_more = &mut running => is_more,
            _ = stop.requested() => {
                // What is cut off is done again the next time.
                let _is_late = timeout(patience, running).await;
                return;
            }
        };
        if !is_more {
            tokio::select! {
                _ = stop.requested() => return,
                () = sleep(every) => {}
            }
        }
    }
}

async fn run_once<C: Cycle>(cycle: &C, is_failing: &mut bool) -> bool {
    let running = async {
        let result = cycle.run().await;
        if let Ok(outcome) = &result {
            note(C::NAME, outcome);
        }
        match &result {
            Err(error) => {
                record_error("cycle_failed", &**error);
                // Once: it is asked again and again.
                if !*is_failing {
                    let error = &*error_chain::sentence(&**error);
                    tracing::error!(cycle = C::NAME, error, "cycle_failed");
                }
            }
            Ok(_) if *is_failing => tracing::info!(cycle = C::NAME, "cycle_recovered"),
            Ok(_) => {}
        }
        *is_failing = result.is_err();
        result.is_ok_and(|outcome| outcome.is_more)
    };
    UnitOfWork::new(C::NAME).run(running).await
}

/// Says what a cycle did, on its line and its span. One that had nothing to do has no line.
fn note(cycle: &'static str, outcome: &Outcome) {
    let Outcome {
        succeeded, failed, ..
    } = *outcome;
    bind("items.succeeded", succeeded);
    bind("items.failed", failed);
    if failed > 0 {
        let error = SomeFailed { succeeded, failed };
        record_error("items_failed", &error);
        let error = &*error.to_string();
        tracing::warn!(cycle, error, "cycle_completed");
    } else if succeeded > 0 {
        tracing::info!(cycle, "cycle_completed");
    }
}
