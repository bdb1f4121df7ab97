//! One reading for all instruments of a collection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::snapshot::Snapshot;

/// How long a snapshot serves. The SDK asks one instrument after the other: the first one to
/// ask after this time causes a reading, and the others get the same one.
///
/// It is no shorter than the interval below which `sysinfo` does not look at the CPUs again,
/// so that each reading is a whole one and no utilisation is of a shorter interval.
pub(crate) const FRESH_FOR: Duration = Duration::from_millis(200);

/// Takes snapshots and keeps the last one.
pub(crate) struct Sampler {
    state: Mutex<State>,
}

impl Sampler {
    /// Makes a sampler that takes its snapshots with `read`.
    pub(crate) fn new(read: impl FnMut() -> Snapshot + Send + 'static) -> Self {
        Self {
            state: Mutex::new(State {
                read: Box::new(read),
                last: None,
            }),
        }
    }

    /// Returns the last snapshot, or a new one when that is no longer fresh. Never panics: if
    /// reading does, the snapshot is empty.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.snapshot_at(Instant::now())
    }

    fn snapshot_at(&self, now: Instant) -> Snapshot {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((taken, snapshot)) = state.last
            && now.saturating_duration_since(taken) < FRESH_FOR
        {
            return snapshot;
        }
        // A panic in a callback would end the thread that reads all metrics.
        let snapshot = catch_unwind(AssertUnwindSafe(&mut state.read)).unwrap_or_default();
        // The time after the reading: what `sysinfo` counts its interval from is earlier.
        state.last = Some((Instant::now(), snapshot));
        snapshot
    }
}

struct State {
    read: Box<dyn FnMut() -> Snapshot + Send>,
    last: Option<(Instant, Snapshot)>,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn counting() -> (Sampler, Arc<AtomicUsize>) {
        let readings = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&readings);
        let sampler = Sampler::new(move || {
            counter.fetch_add(1, Ordering::Relaxed);
            Snapshot::default()
        });
        (sampler, readings)
    }

    #[test]
    fn a_snapshot_serves_as_long_as_it_is_fresh() {
        let (sampler, readings) = counting();
        let before = Instant::now();
        sampler.snapshot_at(before);
        let after = Instant::now();

        sampler.snapshot_at(before + FRESH_FOR - Duration::from_millis(1));
        assert_eq!(readings.load(Ordering::Relaxed), 1);
        sampler.snapshot_at(after + FRESH_FOR);
        assert_eq!(readings.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_earlier_time_than_that_of_the_snapshot_is_no_panic() {
        let (sampler, readings) = counting();
        let before = Instant::now();
        sampler.snapshot();
        sampler.snapshot_at(before);
        assert_eq!(readings.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_reading_that_panics_is_an_empty_snapshot_and_the_next_one_is_tried() {
        let mut readings = 0;
        let sampler = Sampler::new(move || {
            readings += 1;
            assert!(readings > 1, "the first reading fails");
            Snapshot {
                runtime: Some(crate::runtime::Runtime::default()),
                ..Snapshot::default()
            }
        });
        assert!(sampler.snapshot().runtime.is_none());
        let later = Instant::now() + FRESH_FOR;
        assert!(sampler.snapshot_at(later).runtime.is_some());
    }

    #[test]
    fn no_reading_is_too_early_for_sysinfo() {
        assert!(FRESH_FOR >= sysinfo::MINIMUM_CPU_UPDATE_INTERVAL);
    }
}
