//! Work that a schedule begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, UNIX_EPOCH};

use apalis::prelude::*;
use apalis_cron::{CronScheduler, Schedule, Tick};
use telemetry_core::testing::capture_logs;
use telemetry_jobs::JobTelemetryLayer;

/// So many ticks, each in a while from when it is asked for: one that has passed is an error.
#[derive(Clone)]
pub(crate) struct Due(pub(crate) u32);

impl<Tz> Schedule<Tz> for Due {
    fn next_tick(&mut self, _: &Tz) -> Option<Tick<Tz>> {
        self.0 = self.0.checked_sub(1)?;
        let soon = UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(2);
        Some(Tick::new(soon.as_secs()))
    }
}

async fn sweep(
    tick: Tick,
    left: Data<Arc<AtomicU32>>,
    worker: WorkerContext,
) -> Result<(), BoxDynError> {
    tracing::info!(tick = tick.get_timestamp(), "sessions_swept");
    if left.fetch_sub(1, Ordering::Relaxed) == 1 {
        worker.stop()?;
    }
    Ok(())
}

#[tokio::test]
async fn each_tick_has_a_scope_of_its_own() {
    let logs = capture_logs();
    let worker = WorkerBuilder::new("sweeper")
        .backend(CronScheduler::new(Due(2)))
        .data(Arc::new(AtomicU32::new(2)))
        .layer(JobTelemetryLayer::new().with_task_name("sweep_sessions"))
        .build(sweep);
    worker.run().await.unwrap();

    let [first, second] = &logs.named("sessions_swept")[..] else {
        panic!("{}", logs.text());
    };
    assert_ne!(first["request.id"], second["request.id"]);
    assert_ne!(first["task.id"], second["task.id"]);
    for line in [first, second] {
        assert_eq!(line["request.id"], line["task.id"]);
        assert_eq!(line["task.id"].as_str().unwrap().len(), 26);
        assert_eq!(line["task.name"], "sweep_sessions");
        assert_eq!(line["task.attempt"], 1);
    }
    assert_eq!(logs.named("task_started").len(), 2);
    assert_eq!(logs.named("task_completed").len(), 2);
}
