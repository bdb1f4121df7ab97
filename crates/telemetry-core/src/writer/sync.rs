//! The lock, the conditions and the clock of the buffer. The model of the buffer has others in their
//! place.

use std::sync::{self, PoisonError, TryLockError};
use std::thread;
use std::time::{Duration, Instant};

pub(super) use std::sync::MutexGuard;

/// How often to try a lock that may never be released.
const LOCK_RETRY_INTERVAL: Duration = Duration::from_micros(100);

/// A lock that ignores poisoning.
#[derive(Debug, Default)]
pub(super) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock; `None` when it is still held at `end`.
    pub(super) fn lock_until(&self, end: Instant) -> Option<MutexGuard<'_, T>> {
        loop {
            match self.0.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if now() >= end => return None,
                Err(TryLockError::WouldBlock) => thread::sleep(LOCK_RETRY_INTERVAL),
            }
        }
    }
}

/// A condition. Waiting may end early, without a cause.
#[derive(Debug, Default)]
pub(super) struct Condvar(sync::Condvar);

impl Condvar {
    /// Waits until it is notified, or until `end`.
    pub(super) fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        end: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        let Some(end) = end else {
            return self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        };
        let left = end.saturating_duration_since(now());
        let waited = self.0.wait_timeout(guard, left);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    pub(super) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(super) fn notify_all(&self) {
        self.0.notify_all();
    }
}

pub(super) fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_never_released_is_not_waited_for() {
        let lock = Mutex::default();
        let held: MutexGuard<'_, ()> = lock.lock();
        assert!(lock.lock_until(now() + Duration::from_millis(5)).is_none());
        drop(held);
        assert!(lock.lock_until(now()).is_some());
    }
}
