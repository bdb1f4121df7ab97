//! Locks within which an allocator of the application's may run, and log.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

thread_local! {
    static IS_HELD: Cell<bool> = const { Cell::new(false) };
}

/// Marks that this thread holds a lock under which memory may be allocated. An allocator that
/// logs comes back here: what it asks for must not wait for the lock that its own thread holds.
#[derive(Debug)]
pub(crate) struct Held(PhantomData<*const ()>);

impl Held {
    /// Begins the mark, until it is dropped; `None` when this thread has one already.
    #[inline]
    pub(crate) fn begin() -> Option<Self> {
        (!IS_HELD.replace(true)).then(|| Self(PhantomData))
    }
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        IS_HELD.set(false);
    }
}

/// Locks a mutex. Within another such lock of the same thread it gives an empty value in place
/// of what is locked, which is forgotten afterwards.
#[inline]
pub(crate) fn lock<T: Default>(mutex: &Mutex<T>) -> Locked<'_, T> {
    match Held::begin() {
        Some(held) => Locked::Shared {
            guard: mutex.lock().unwrap_or_else(PoisonError::into_inner),
            _held: held,
        },
        None => Locked::Apart(T::default()),
    }
}

/// What [`lock`] gives.
#[derive(Debug)]
pub(crate) enum Locked<'a, T> {
    /// What the mutex holds.
    // Fields are dropped in this order: the lock is given up first.
    Shared {
        guard: MutexGuard<'a, T>,
        _held: Held,
    },
    /// A value of its own.
    Apart(T),
}

impl<T> Deref for Locked<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        match self {
            Self::Shared { guard, .. } => guard,
            Self::Apart(value) => value,
        }
    }
}

impl<T> DerefMut for Locked<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        match self {
            Self::Shared { guard, .. } => guard,
            Self::Apart(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_within_a_lock_is_of_an_empty_value() {
        let mutex = Mutex::new(1);
        let mut outer = lock(&mutex);
        *outer += 1;
        *lock(&mutex) += 10;
        assert_eq!(*lock(&mutex), 0);
        drop(outer);
        assert_eq!(*lock(&mutex), 2);
    }
}
