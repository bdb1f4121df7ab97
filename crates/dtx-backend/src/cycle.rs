//! What daemons do again and again.

use std::time::Duration;

use telemetry_core::{UnitOfWork, error_chain, record_error};
use tokio::time::{sleep, timeout};

use crate::roles::Stop;

/// Something that is done in cycles.
pub(crate) trait Cycle {
    /// The name of a cycle's span, and of the role on lines.
    const NAME: &'static str;

    /// Does what is due; whether more may be.
    ///
    /// # Errors
    ///
    /// When it cannot be found out. What fails for one thing alone is no error.
    fn run(&self) -> impl Future<Output = anyhow::Result<bool>> + Send;
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
        result.unwrap_or_default()
    };
    UnitOfWork::new(C::NAME).run(running).await
}
