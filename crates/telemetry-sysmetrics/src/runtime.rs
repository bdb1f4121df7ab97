//! The tokio runtime: its workers, tasks and queue.

use std::time::Duration;

use tokio::runtime::RuntimeMetrics;

use crate::instruments::{Description, Instruments, amount};
use crate::names::{
    TOKIO_RUNTIME_ALIVE_TASKS, TOKIO_RUNTIME_BUSY_TIME, TOKIO_RUNTIME_GLOBAL_QUEUE_DEPTH,
    TOKIO_RUNTIME_PARKS, TOKIO_RUNTIME_WORKERS,
};

/// The figures of the runtime.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Runtime {
    workers: u64,
    alive_tasks: u64,
    global_queue_depth: u64,
    /// What the platform must have 64-bit atomics for.
    work: Option<Work>,
}

/// What all workers have done since the runtime began.
#[derive(Clone, Copy, Debug, Default)]
struct Work {
    busy: Duration,
    parks: u64,
}

/// Reads the figures of the runtime: some loads of atomics, and nothing that can panic.
pub(crate) fn read(metrics: &RuntimeMetrics) -> Runtime {
    Runtime {
        workers: metrics.num_workers() as u64,
        alive_tasks: metrics.num_alive_tasks() as u64,
        global_queue_depth: metrics.global_queue_depth() as u64,
        work: work(metrics),
    }
}

#[cfg(target_has_atomic = "64")]
fn work(metrics: &RuntimeMetrics) -> Option<Work> {
    let mut work = Work::default();
    for worker in 0..metrics.num_workers() {
        let busy = metrics.worker_total_busy_duration(worker);
        work.busy = work.busy.saturating_add(busy);
        work.parks = work.parks.wrapping_add(metrics.worker_park_count(worker));
    }
    Some(work)
}

#[cfg(not(target_has_atomic = "64"))]
fn work(_metrics: &RuntimeMetrics) -> Option<Work> {
    None
}

/// Adds the runtime's instruments.
pub(crate) fn register(instruments: &Instruments<'_>) {
    instruments.amount(
        Description {
            name: TOKIO_RUNTIME_WORKERS,
            unit: "{worker}",
            text: "Worker threads of the tokio runtime.",
        },
        |snapshot, instrument| {
            if let Some(runtime) = snapshot.runtime {
                instrument.observe(amount(runtime.workers), &[]);
            }
        },
    );
    instruments.amount(
        Description {
            name: TOKIO_RUNTIME_ALIVE_TASKS,
            unit: "{task}",
            text: "Tasks of the tokio runtime that have not ended.",
        },
        |snapshot, instrument| {
            if let Some(runtime) = snapshot.runtime {
                instrument.observe(amount(runtime.alive_tasks), &[]);
            }
        },
    );
    instruments.amount(
        Description {
            name: TOKIO_RUNTIME_GLOBAL_QUEUE_DEPTH,
            unit: "{task}",
            text: "Tasks that wait in the tokio runtime's global queue.",
        },
        |snapshot, instrument| {
            if let Some(runtime) = snapshot.runtime {
                instrument.observe(amount(runtime.global_queue_depth), &[]);
            }
        },
    );
    instruments.seconds(
        Description {
            name: TOKIO_RUNTIME_BUSY_TIME,
            unit: "s",
            text: "Time that all workers of the tokio runtime were busy.",
        },
        |snapshot, instrument| {
            if let Some(work) = snapshot.runtime.and_then(|runtime| runtime.work) {
                instrument.observe(work.busy.as_secs_f64(), &[]);
            }
        },
    );
    instruments.counter(
        Description {
            name: TOKIO_RUNTIME_PARKS,
            unit: "{park}",
            text: "Times that workers of the tokio runtime went idle.",
        },
        |snapshot, instrument| {
            if let Some(work) = snapshot.runtime.and_then(|runtime| runtime.work) {
                instrument.observe(work.parks, &[]);
            }
        },
    );
}
