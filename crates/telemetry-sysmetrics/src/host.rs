//! The host: its CPUs and its memory.

use opentelemetry::KeyValue;
use sysinfo::{MemoryRefreshKind, System};

use crate::fraction::fraction;
use crate::instruments::{Description, Instruments, amount, observe};
use crate::names::{
    STATE_FREE, STATE_USED, SYSTEM_CPU_UTILIZATION, SYSTEM_MEMORY_STATE, SYSTEM_MEMORY_USAGE,
    SYSTEM_MEMORY_UTILIZATION,
};

/// The figures of the host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Host {
    /// The busy fraction of all CPUs since the reading before, or since boot.
    cpu: Option<f64>,
    memory: Option<Memory>,
}

/// Memory of the host in bytes; the two add up to all there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Memory {
    used: u64,
    free: u64,
}

impl Memory {
    /// `None` when the total is not known.
    fn new(total: u64, available: u64) -> Option<Self> {
        let free = available.min(total);
        (total > 0).then_some(Self {
            used: total - free,
            free,
        })
    }

    fn utilization(self) -> Option<f64> {
        fraction(self.used as f64, (self.used + self.free) as f64)
    }
}

/// Where the figures of the host come from.
pub(crate) struct HostSource {
    system: System,
}

impl HostSource {
    /// `None` on a platform that tells nothing about itself.
    pub(crate) fn open() -> Option<Self> {
        let system = System::new().ok()?;
        Some(Self { system })
    }

    /// Reads the host's figures.
    pub(crate) fn read(&mut self) -> Host {
        self.system.refresh_cpu_usage();
        self.system
            .refresh_memory_specifics(MemoryRefreshKind::nothing().with_ram());

        // Without a CPU nothing could be read, and the usage is a mere 0.
        let known = !self.system.cpus().is_empty();
        Host {
            cpu: known.then(|| self.system.global_cpu_usage()).and_then(busy),
            memory: Memory::new(self.system.total_memory(), self.system.available_memory()),
        }
    }
}

fn busy(percent: f32) -> Option<f64> {
    fraction(f64::from(percent), 100.0)
}

/// Adds the host's instruments.
pub(crate) fn register(instruments: &Instruments<'_>) {
    instruments.gauge(
        Description {
            name: SYSTEM_CPU_UTILIZATION,
            unit: "1",
            text: "Busy fraction of all CPUs of the host.",
        },
        |snapshot, instrument| {
            observe(instrument, snapshot.host.and_then(|host| host.cpu), &[]);
        },
    );
    instruments.gauge(
        Description {
            name: SYSTEM_MEMORY_UTILIZATION,
            unit: "1",
            text: "Used fraction of the host's memory.",
        },
        |snapshot, instrument| {
            let memory = snapshot.host.and_then(|host| host.memory);
            let used = [KeyValue::new(SYSTEM_MEMORY_STATE, STATE_USED)];
            observe(instrument, memory.and_then(Memory::utilization), &used);
        },
    );
    instruments.amount(
        Description {
            name: SYSTEM_MEMORY_USAGE,
            unit: "By",
            text: "The host's memory by state; free is what can be had without swapping.",
        },
        |snapshot, instrument| {
            if let Some(memory) = snapshot.host.and_then(|host| host.memory) {
                let used = [KeyValue::new(SYSTEM_MEMORY_STATE, STATE_USED)];
                instrument.observe(amount(memory.used), &used);
                let free = [KeyValue::new(SYSTEM_MEMORY_STATE, STATE_FREE)];
                instrument.observe(amount(memory.free), &free);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::{Memory, busy};

    #[test]
    fn the_busy_fraction_is_made_of_percents() {
        assert_eq!(busy(12.5), Some(0.125));
        assert_eq!(busy(f32::NAN), None);
    }

    #[test]
    fn used_and_free_memory_add_up_to_all_there_is() {
        let memory = Memory::new(100, 25).unwrap();
        assert_eq!((memory.used, memory.free), (75, 25));
        assert_eq!(memory.utilization(), Some(0.75));
    }

    #[test]
    fn more_available_than_there_is_means_all_of_it() {
        let memory = Memory::new(100, 125).unwrap();
        assert_eq!((memory.used, memory.free), (0, 100));
    }

    #[test]
    fn memory_that_could_not_be_read_is_not_reported() {
        assert_eq!(Memory::new(0, 0), None);
        assert_eq!(Memory::new(0, 5), None);
    }
}
