//! What daemons do again and again.

use std::time::Duration;

use telemetry_core::{UnitOfWork, bind, error_chain, record_error};
use tokio::time::{sleep, timeout};

use crate::roles::Stop;

/// The field, and attribute of the root span, of a cycle in which something failed: of how many things.
const FAILED_COUNT: &str = "failed.count";

/// What a cycle has done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CycleEnd {
    /// Whether more may be due.
    pub(crate) is_more: bool,
    /// How many things failed, which are tried again.
    pub(crate) failed: usize,
}

/// Something that is done in cycles.
pub(crate) trait Cycle {
    /// The name of a cycle's span, and of the role on lines.
    const NAME: &'static str;

    /// Does what is due.
    ///
    /// # Errors
    ///
    /// When it cannot be found out. What fails for one thing alone is no error, and is counted.
    fn run(&self) -> impl Future<Output = anyhow::Result<CycleEnd>> + Send;
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
                record_error("cycle_failed", error);
                // Once: it is asked again and again.
                if !*is_failing {
                    let error = &*error_chain::sentence(error);
                    tracing::error!(cycle = C::NAME, error, "cycle_failed");
                }
            }
            Ok(_) if *is_failing => tracing::info!(cycle = C::NAME, "cycle_recovered"),
            Ok(_) => {}
        }
        *is_failing = result.is_err();
        let end = result.unwrap_or_default();
        if end.failed > 0 {
            bind(FAILED_COUNT, end.failed);
        }
        end.is_more
    };
    UnitOfWork::new(C::NAME).run(running).await
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use opentelemetry::trace::Status;
    use telemetry_otel::testing::{AttributeValue, capture_spans};

    use super::*;

    struct Planned(fn() -> anyhow::Result<CycleEnd>);

    impl Cycle for Planned {
        const NAME: &'static str = "check";

        async fn run(&self) -> anyhow::Result<CycleEnd> {
            self.0()
        }
    }

    fn end(failed: usize) -> anyhow::Result<CycleEnd> {
        let is_more = true;
        Ok(CycleEnd { is_more, failed })
    }

    #[tokio::test]
    async fn a_cycle_counts_what_failed_and_one_that_fails_is_an_exception() {
        for (cycle, failed) in [(Planned(|| end(0)), None), (Planned(|| end(3)), Some(3))] {
            let spans = capture_spans();
            assert!(run_once(&cycle, &mut false).await);
            let span = spans.single("check");
            let count = span.get(FAILED_COUNT);
            assert_eq!(count.and_then(AttributeValue::as_i64), failed);
            assert_eq!(span.status, Status::Unset);
        }
        let spans = capture_spans();
        let lost = Planned(|| Err(anyhow!("lost").context("no answer")));
        assert!(!run_once(&lost, &mut false).await);
        let span = spans.single("check");
        assert_eq!(span.status, Status::error("no answer: lost"));
        let exception = &span.event("exception")["exception.stacktrace"];
        assert_eq!(*exception, "no answer\ncaused by: lost");
    }
}
