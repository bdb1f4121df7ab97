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
    fn a_reading_is_what_stat_says() {
        let proc = tempfile::tempdir().unwrap();
        let root = proc.path().join("4242");
        std::fs::create_dir(&root).unwrap();
        let line = "4242 (a (b) c) S 1 4242 4242 0 -1 4194304 100 0 0 0 250 150 7 8 20 0 3 0 \
                    276028 3133440 392 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 \
                    0 0 0 0 0 0 0 0 0 0\n";
        std::fs::write(root.join("stat"), line).unwrap();

        let mut platform = Platform {
            root,
            ticks_per_second: 100,
        };
        let reading = platform.read().unwrap();
        let cpu_time = ByMode::Split {
            user: Duration::from_millis(2500),
            system: Duration::from_millis(1500),
        };
        assert_eq!(reading.cpu_time, cpu_time);
        assert_eq!(reading.resident, 392 * procfs::page_size());
        assert_eq!(reading.mapped, 3_133_440);
        assert_eq!(reading.threads, Some(3));
    }

    #[test]
    fn a_stat_that_is_cut_off_gives_nothing() {
        let proc = tempfile::tempdir().unwrap();
        let root = proc.path().join("4242");
        std::fs::create_dir(&root).unwrap();
        std::fs::write(root.join("stat"), "4242 (a) S 1 42").unwrap();
        assert!(Platform::at(root).read().is_none());
    }

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
