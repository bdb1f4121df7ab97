//! The scope that is current on a thread.

use std::cell::RefCell;
use std::marker::PhantomData;

use opentelemetry::ContextGuard;

use crate::scope::Scope;

thread_local! {
    static CURRENT: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Calls `read` with the current scope; `None` when there is none, or the thread is ending.
#[inline]
pub(crate) fn with<T>(read: impl FnOnce(&Scope) -> T) -> Option<T> {
    CURRENT
        .try_with(|current| current.borrow().as_ref().map(read))
        .ok()
        .flatten()
}

/// Makes the scope in `slot` current until the guard is dropped, and attaches its trace.
///
/// The scope moves into the thread-local and back, and the one that was current before
/// waits in `slot` meanwhile, so that no reference count is touched. Guards nest by
/// construction: each lives in one stack frame of this crate.
#[inline(always)]
pub(super) fn enter(slot: &mut Option<Scope>) -> Entered<'_> {
    let trace = slot.as_ref().and_then(Scope::trace).cloned();
    swap(slot);
    Entered {
        slot,
        trace: trace.map(opentelemetry::Context::attach),
        _not_send: PhantomData,
    }
}

pub(super) struct Entered<'a> {
    slot: &'a mut Option<Scope>,
    trace: Option<ContextGuard>,
    _not_send: PhantomData<*const ()>,
}

impl Drop for Entered<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // In the reverse order: what ends with the trace still has its scope.
        drop(self.trace.take());
        swap(self.slot);
    }
}

#[inline(always)]
fn swap(slot: &mut Option<Scope>) {
    // A thread that is ending has no current scope any more, and needs none.
    let _ending = CURRENT.try_with(|current| std::mem::swap(&mut *current.borrow_mut(), slot));
}
