//! What Linux tells in `/proc/self`.
//!
//! `sysinfo` neither tells user from system time nor counts threads without listing them, and
//! takes four times as long.

use std::path::PathBuf;
use std::time::Duration;

use procfs::{Current, Uptime};

use super::Reading;
use super::by_mode::ByMode;

/// This process in `/proc`.
pub(super) struct Platform {
    root: PathBuf,
    ticks_per_second: u64,
}

impl Platform {
    pub(super) fn open() -> Self {
        Self::at(PathBuf::from("/proc/self"))
    }

    fn at(root: PathBuf) -> Self {
        Self {
            root,
            ticks_per_second: procfs::ticks_per_second(),
        }
    }

    /// Reads how long the process has run. `None` when `/proc` cannot be read.
    pub(super) fn age(&mut self) -> Option<Duration> {
        let started = self.ticks(self.stat()?.starttime);
        let now = Duration::try_from_secs_f64(Uptime::current().ok()?.uptime).ok()?;
        Some(now.saturating_sub(started))
    }

    /// Reads its figures. `None` when `/proc` cannot be read.
    pub(super) fn read(&mut self) -> Option<Reading> {
        let stat = self.stat()?;
        Some(Reading {
            cpu_time: ByMode::Split {
                user: self.ticks(stat.utime),
                system: self.ticks(stat.stime),
            },
            resident: stat.rss.saturating_mul(procfs::page_size()),
            mapped: stat.vsize,
            threads: u64::try_from(stat.num_threads).ok(),
        })
    }

    // Opened anew each time, so that a forked child reads its own.
    fn stat(&self) -> Option<procfs::process::Stat> {
        let process = procfs::process::Process::new_with_root(self.root.clone()).ok()?;
        process.stat().ok()
    }

    fn ticks(&self, ticks: u64) -> Duration {
        let seconds = ticks as f64 / self.ticks_per_second as f64;
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_proc_gives_nothing() {
        let mut platform = Platform::at(PathBuf::from("/nonexistent/proc/self"));
        assert!(platform.read().is_none());
        assert!(platform.age().is_none());
    }

    #[test]
    fn a_clock_without_ticks_gives_no_time() {
        let platform = Platform {
            root: PathBuf::new(),
            ticks_per_second: 0,
        };
        assert_eq!(platform.ticks(0), Duration::ZERO);
        assert_eq!(platform.ticks(5), Duration::ZERO);
    }
}
