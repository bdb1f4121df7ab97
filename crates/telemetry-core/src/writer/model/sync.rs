//! The lock, the conditions and the clock of the model. The checker has no time: a time-out comes when
//! the clock ticks, and it may tick at any moment.

use std::cell::{Cell, RefCell};
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use shuttle::sync;
pub(super) use shuttle::sync::MutexGuard;
use shuttle::thread;

/// How much later it is after a tick: more than any deadline of the buffer.
const TICK: Duration = Duration::from_secs(3_600);

thread_local! {
    /// When the execution began, and the ticks since. All threads of a model are on one real thread.
    static BEGUN: Cell<Instant> = Cell::new(Instant::now());
    static TICKS: Cell<u32> = const { Cell::new(0) };
    /// The conditions of this execution.
    static CONDITIONS: RefCell<Vec<Arc<sync::Condvar>>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug, Default)]
pub(super) struct Mutex<T>(sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(super) fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_until(&self, end: Instant) -> Option<MutexGuard<'_, T>> {
        loop {
            match self.0.try_lock() {
                Ok(guard) => return Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) if now() >= end => return None,
                Err(TryLockError::WouldBlock) => thread::yield_now(),
            }
        }
    }
}

#[derive(Debug)]
pub(super) struct Condvar(Arc<sync::Condvar>);

impl Default for Condvar {
    fn default() -> Self {
        let condition = Arc::new(sync::Condvar::new());
        CONDITIONS.with_borrow_mut(|all| all.push(Arc::clone(&condition)));
        Self(condition)
    }
}

impl Condvar {
    pub(super) fn wait_until<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        end: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        if end.is_some_and(|end| now() >= end) {
            return guard;
        }
        self.0.wait(guard).unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(super) fn notify_all(&self) {
        self.0.notify_all();
    }
}

pub(super) fn now() -> Instant {
    BEGUN.get() + TICK * TICKS.get()
}

/// Begins an execution.
pub(super) fn reset() {
    TICKS.set(0);
    CONDITIONS.with_borrow_mut(Vec::clear);
}

/// Lets every deadline pass.
pub(super) fn tick() {
    TICKS.set(TICKS.get() + 1);
    let conditions = CONDITIONS.with_borrow(Clone::clone);
    for condition in conditions {
        condition.notify_all();
    }
}

/// Counts the ticks so far.
pub(super) fn ticks() -> u32 {
    TICKS.get()
}
