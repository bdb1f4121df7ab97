//! Readings of the process, and what lies between two of them.

use std::time::{Duration, Instant};

use super::by_mode::ByMode;
use super::cpus;
#[cfg(target_os = "linux")]
use super::linux::Platform;
#[cfg(not(target_os = "linux"))]
use super::portable::Platform;
use super::{Process, Reading};
use crate::fraction::fraction;

/// Where the figures of the process come from.
pub(crate) struct ProcessSource {
    platform: Platform,
    opened: Instant,
    age_when_opened: Duration,
    last: Option<(Instant, ByMode<Duration>)>,
}

impl ProcessSource {
    pub(crate) fn open() -> Self {
        let mut platform = Platform::open();
        let age_when_opened = platform.age().unwrap_or_default();
        Self {
            platform,
            opened: Instant::now(),
            age_when_opened,
            last: None,
        }
    }

    /// Reads the figures of the process, whose control groups allow it `quota` CPUs. `None` when
    /// the platform does not have them.
    pub(crate) fn read(&mut self, quota: Option<f64>) -> Option<Process> {
        let reading = self.platform.read()?;
        Some(self.process(reading, cpus::usable(quota), Instant::now()))
    }

    fn process(&mut self, reading: Reading, cpus: f64, now: Instant) -> Process {
        let since_opened = now.saturating_duration_since(self.opened);
        let uptime = self.age_when_opened.saturating_add(since_opened);
        let (elapsed, used) = match self.last.replace((now, reading.cpu_time)) {
            Some((then, before)) => (
                now.saturating_duration_since(then),
                reading.cpu_time.since(before),
            ),
            None => (uptime, reading.cpu_time),
        };
        let possible = elapsed.as_secs_f64() * cpus;
        let of_possible = |time: Duration| fraction(time.as_secs_f64(), possible);
        Process {
            reading,
            utilization: of_possible(used.total()),
            utilization_by_mode: used.map(of_possible),
            uptime,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(user: u64, system: u64) -> Reading {
        Reading {
            cpu_time: ByMode::Split {
                user: Duration::from_secs(user),
                system: Duration::from_secs(system),
            },
            resident: 1,
            mapped: 2,
            threads: Some(3),
        }
    }

    const CPUS: f64 = 4.0;

    /// A process that is 10 seconds old at the instant returned.
    fn source() -> (ProcessSource, Instant) {
        let opened = Instant::now();
        let source = ProcessSource {
            platform: Platform::open(),
            opened,
            age_when_opened: Duration::from_secs(10),
            last: None,
        };
        (source, opened)
    }

    fn split(user: f64, system: f64) -> ByMode<Option<f64>> {
        ByMode::Split {
            user: Some(user),
            system: Some(system),
        }
    }

    #[test]
    fn the_first_utilization_is_that_since_the_process_began() {
        let (mut source, opened) = source();
        let process = source.process(reading(10, 5), CPUS, opened);
        assert_eq!(process.utilization, Some(0.375));
        assert_eq!(process.utilization_by_mode, split(0.25, 0.125));
        assert_eq!(process.uptime, Duration::from_secs(10));
    }

    #[test]
    fn later_utilizations_are_those_since_the_reading_before() {
        let (mut source, opened) = source();
        source.process(reading(10, 5), CPUS, opened);
        let process = source.process(reading(14, 6), CPUS, opened + Duration::from_secs(2));
        assert_eq!(process.utilization, Some(0.625));
        assert_eq!(process.utilization_by_mode, split(0.5, 0.125));
        assert_eq!(process.uptime, Duration::from_secs(12));
    }

    #[test]
    fn more_than_all_processors_is_all_of_them() {
        let (mut source, opened) = source();
        source.process(reading(0, 0), CPUS, opened);
        let process = source.process(reading(9, 9), CPUS, opened + Duration::from_secs(1));
        assert_eq!(process.utilization, Some(1.0));
    }

    #[test]
    fn cpus_are_those_of_the_moment_and_may_be_a_fraction() {
        let (mut source, opened) = source();
        source.process(reading(0, 0), 0.5, opened);
        let process = source.process(reading(1, 0), 1.5, opened + Duration::from_secs(1));
        assert_eq!(process.utilization, Some(1.0 / 1.5));
        let process = source.process(reading(2, 0), 8.0, opened + Duration::from_secs(2));
        assert_eq!(process.utilization, Some(0.125));
    }

    #[test]
    fn time_that_goes_back_is_no_time() {
        let (mut source, opened) = source();
        source.process(reading(10, 10), CPUS, opened);
        let process = source.process(reading(9, 12), CPUS, opened + Duration::from_secs(1));
        assert_eq!(process.utilization_by_mode, split(0.0, 0.5));
    }

    #[test]
    fn without_time_between_there_is_no_utilization() {
        let (mut source, opened) = source();
        source.process(reading(10, 10), CPUS, opened);
        let process = source.process(reading(11, 11), CPUS, opened);
        assert_eq!(process.utilization, None);
    }

    #[test]
    fn this_process_has_run_for_a_while_and_not_for_a_day() {
        let mut source = ProcessSource::open();
        let process = source.read(None).unwrap();
        assert!(process.uptime > Duration::ZERO);
        assert!(process.uptime < Duration::from_secs(24 * 3600));
        assert!(process.reading.threads.is_none_or(|threads| threads >= 1));
    }
}
