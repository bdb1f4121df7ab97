//! What `sysinfo` tells on any platform: CPU time of all modes together, and no threads.

use std::time::Duration;

use sysinfo::{Pid, Process, ProcessRefreshKind, ProcessesToUpdate, System};

use super::Reading;
use super::by_mode::ByMode;

/// This process as `sysinfo` sees it, where that works.
pub(super) struct Platform {
    known: Option<(System, Pid)>,
}

impl Platform {
    pub(super) fn open() -> Self {
        let known = System::new().ok().zip(sysinfo::get_current_pid().ok());
        Self { known }
    }

    /// Reads how long the process has run, in whole seconds.
    pub(super) fn age(&mut self) -> Option<Duration> {
        let process = self.refresh()?;
        Some(Duration::from_secs(process.run_time()))
    }

    /// Reads its figures.
    pub(super) fn read(&mut self) -> Option<Reading> {
        let process = self.refresh()?;
        Some(Reading {
            cpu_time: ByMode::Total(Duration::from_millis(process.accumulated_cpu_time())),
            resident: process.memory(),
            mapped: process.virtual_memory(),
            threads: None,
        })
    }

    fn refresh(&mut self) -> Option<&Process> {
        let (system, pid) = self.known.as_mut()?;
        let kind = ProcessRefreshKind::nothing()
            .with_cpu()
            .with_memory()
            .without_tasks();
        system.refresh_processes_specifics(ProcessesToUpdate::Some(&[*pid]), true, kind);
        system.process(*pid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sysinfo_knows_this_process() {
        let mut platform = Platform::open();
        let reading = platform.read().unwrap();
        assert!(reading.resident > 0 && reading.mapped >= reading.resident);
        assert!(matches!(reading.cpu_time, ByMode::Total(_)));
        assert!(platform.age().unwrap() < Duration::from_secs(24 * 3600));
    }
}
