//! The process: its CPU time, memory, threads and age.

mod by_mode;
mod cpus;
mod source;

// What a platform tells. The other one is tested everywhere.
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;

use std::time::Duration;

use by_mode::ByMode;
pub(crate) use source::ProcessSource;

use crate::instruments::{Description, Instruments, amount, observe};
use crate::names::{
    PROCESS_CPU_TIME, PROCESS_CPU_UTILIZATION, PROCESS_MEMORY_USAGE, PROCESS_MEMORY_VIRTUAL,
    PROCESS_RUNTIME_CPU_UTILIZATION, PROCESS_RUNTIME_MEMORY, PROCESS_THREAD_COUNT, PROCESS_UPTIME,
};

/// The figures of this process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process {
    reading: Reading,
    /// The CPU time since the reading before, or since the process began, as a fraction of what
    /// all CPUs that it may use could have given.
    utilization: Option<f64>,
    utilization_by_mode: ByMode<Option<f64>>,
    uptime: Duration,
}

/// What the platform tells about this process.
#[derive(Clone, Copy, Debug)]
struct Reading {
    cpu_time: ByMode<Duration>,
    /// Physical memory in bytes.
    resident: u64,
    /// Virtual memory in bytes.
    mapped: u64,
    threads: Option<u64>,
}

/// Adds the instruments of the process.
pub(crate) fn register(instruments: &Instruments<'_>) {
    register_cpu(instruments);
    register_memory(instruments);
    instruments.amount(
        Description {
            name: PROCESS_THREAD_COUNT,
            unit: "{thread}",
            text: "Threads of the process.",
        },
        |snapshot, instrument| {
            let threads = snapshot.process.and_then(|process| process.reading.threads);
            observe(instrument, threads.map(amount), &[]);
        },
    );
    instruments.gauge(
        Description {
            name: PROCESS_UPTIME,
            unit: "s",
            text: "How long the process has run.",
        },
        |snapshot, instrument| {
            let uptime = snapshot.process.map(|process| process.uptime);
            observe(instrument, uptime.map(|uptime| uptime.as_secs_f64()), &[]);
        },
    );
}

fn register_cpu(instruments: &Instruments<'_>) {
    instruments.seconds(
        Description {
            name: PROCESS_CPU_TIME,
            unit: "s",
            text: "CPU time of the process by mode.",
        },
        |snapshot, instrument| {
            if let Some(process) = snapshot.process {
                process.reading.cpu_time.each(|time, attributes| {
                    instrument.observe(time.as_secs_f64(), attributes);
                });
            }
        },
    );
    instruments.gauge(
        Description {
            name: PROCESS_CPU_UTILIZATION,
            unit: "1",
            text: "CPU time of the process by mode, as a fraction of all CPUs that it may use.",
        },
        |snapshot, instrument| {
            if let Some(process) = snapshot.process {
                process.utilization_by_mode.each(|fraction, attributes| {
                    observe(instrument, fraction, attributes);
                });
            }
        },
    );
    instruments.gauge(
        Description {
            name: PROCESS_RUNTIME_CPU_UTILIZATION,
            unit: "1",
            text: "CPU time of the process in all modes, as a fraction of all CPUs that it may use.",
        },
        |snapshot, instrument| {
            let fraction = snapshot.process.and_then(|process| process.utilization);
            observe(instrument, fraction, &[]);
        },
    );
}

fn register_memory(instruments: &Instruments<'_>) {
    for name in [PROCESS_MEMORY_USAGE, PROCESS_RUNTIME_MEMORY] {
        instruments.amount(
            Description {
                name,
                unit: "By",
                text: "Physical memory of the process.",
            },
            |snapshot, instrument| {
                let resident = snapshot.process.map(|process| process.reading.resident);
                observe(instrument, resident.map(amount), &[]);
            },
        );
    }
    instruments.amount(
        Description {
            name: PROCESS_MEMORY_VIRTUAL,
            unit: "By",
            text: "Virtual memory of the process.",
        },
        |snapshot, instrument| {
            let mapped = snapshot.process.map(|process| process.reading.mapped);
            observe(instrument, mapped.map(amount), &[]);
        },
    );
}
