//! Work that a schedule begins.

use apalis::prelude::*;
use apalis_cron::{CronScheduler, Schedule, Tick};
use telemetry_core::testing::capture_logs;
use telemetry_jobs::JobTelemetryLayer;

/// Ticks that are due, and then no more.
#[derive(Clone)]
struct Due(Vec<u64>);

impl<Tz> Schedule<Tz> for Due {
    fn next_tick(&mut self, _: &Tz) -> Option<Tick<Tz>> {
        self.0.pop().map(Tick::new)
    }
}

async fn sweep(tick: Tick, last: Data<u64>, worker: WorkerContext) -> Result<(), BoxDynError> {
    tracing::info!(tick = tick.get_timestamp(), "sessions_swept");
    if tick.get_timestamp() == *last {
        worker.stop()?;
    }
    Ok(())
}

#[tokio::test]
async fn each_tick_has_a_scope_of_its_own() {
    let logs = capture_logs();
    let soon = std::time::SystemTime::now() + std::time::Duration::from_secs(1);
    let soon = soon
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let worker = WorkerBuilder::new("sweeper")
        .backend(CronScheduler::new(Due(vec![soon + 1, soon])))
        .data(soon + 1)
        .layer(JobTelemetryLayer::new().with_task_name("sweep_sessions"))
        .build(sweep);
    worker.run().await.unwrap();

    let [first, second] = &logs.named("sessions_swept")[..] else {
        panic!("{}", logs.text());
    };
    assert_ne!(first["request.id"], second["request.id"]);
    assert_ne!(first["task.id"], second["task.id"]);
    for line in [first, second] {
        let id: uuid::Uuid = line["request.id"].as_str().unwrap().parse().unwrap();
        assert_eq!(id.get_version_num(), 4);
        assert_eq!(line["task.id"].as_str().unwrap().len(), 26);
        assert_eq!(line["task.name"], "sweep_sessions");
        assert_eq!(line["task.attempt"], 1);
    }
    assert_eq!(logs.named("task_started").len(), 2);
    assert_eq!(logs.named("task_completed").len(), 2);
}
