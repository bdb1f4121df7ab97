//! The panics that the hook saw, until something of ours catches them.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::PanicHookInfo;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::panic::backtrace::Trace;
use crate::panic::report::Origin;

/// How many panics that went on to other code are remembered.
const ESCAPED_CAPACITY: usize = 256;

thread_local! {
    /// How many calls of `catch` are on the stack, and how many panics are in `SEEN`.
    static COUNTS: Cell<(u32, u32)> = const { Cell::new((0, 0)) };
    /// Panics of this thread that the hook saw within a call of `catch`.
    static SEEN: RefCell<Vec<SeenPanic>> = const { RefCell::new(Vec::new()) };
}

/// Reported panics whose payload went on to code that is not ours, such as a `JoinHandle`.
static ESCAPED: Mutex<VecDeque<SeenPanic>> = Mutex::new(VecDeque::new());

/// What a payload is compared by: a payload has no identity of its own, and is handed on as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    type_id: TypeId,
    pub(super) message: String,
}

impl Content {
    pub(super) fn of(payload: &(dyn Any + Send)) -> Self {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a value that is not text".to_owned());
        Self {
            type_id: payload.type_id(),
            message,
        }
    }
}

/// A panic as the hook saw it.
#[derive(Clone, Debug)]
pub(super) struct SeenPanic {
    pub(super) content: Content,
    /// Absent for a panic that no hook saw.
    trace: Option<Arc<Trace>>,
    pub(super) thread: Option<Arc<str>>,
    pub(super) origin: Origin,
    pub(super) is_reported: bool,
}

impl SeenPanic {
    /// Records a panic in the hook, on the thread that panics.
    pub(super) fn capture(info: &PanicHookInfo<'_>) -> Self {
        Self {
            content: Content::of(info.payload()),
            trace: Some(Arc::new(Trace::capture(info.location()))),
            thread: thread::current().name().map(Arc::from),
            origin: Origin::current(),
            is_reported: false,
        }
    }

    /// Describes a panic that no hook saw.
    pub(super) fn unseen(content: Content) -> Self {
        Self {
            content,
            trace: None,
            thread: thread::current().name().map(Arc::from),
            origin: Origin::current(),
            is_reported: false,
        }
    }

    pub(super) fn trace(&self) -> Option<&Arc<Trace>> {
        self.trace.as_ref()
    }

    /// The place and the frames; only the place when the symbols are not read within `timeout`.
    pub(super) fn exception(&self, timeout: Duration) -> Option<String> {
        Some(self.trace.as_ref()?.text(timeout))
    }

    /// Remembers a panic that goes on, for what catches it next.
    pub(super) fn resumed(self) {
        let (depth, _) = COUNTS.get();
        if depth > 0 {
            push(self);
        } else if self.is_reported {
            self.escaped();
        } else {
            super::report::write(&self);
            self.escaped();
        }
    }

    /// Remembers a reported panic that code which is not ours has.
    pub(super) fn escaped(mut self) {
        self.is_reported = true;
        let mut escaped = ESCAPED.lock().unwrap_or_else(PoisonError::into_inner);
        if escaped.len() == ESCAPED_CAPACITY {
            escaped.pop_front();
        }
        escaped.push_back(self);
    }
}

/// Takes the newest escaped panic of this content.
pub(super) fn take_escaped(content: &Content) -> Option<SeenPanic> {
    let mut escaped = ESCAPED.lock().unwrap_or_else(PoisonError::into_inner);
    let at = escaped.iter().rposition(|seen| seen.content == *content)?;
    escaped.remove(at)
}

/// Takes the newest of these panics that has this content.
pub(super) fn take(seen: &mut Vec<SeenPanic>, content: &Content) -> Option<SeenPanic> {
    let at = seen.iter().rposition(|seen| seen.content == *content)?;
    Some(seen.remove(at))
}

/// Whether a call of `catch` is on the stack of this thread.
pub(super) fn is_catching() -> bool {
    COUNTS.get().0 > 0
}

/// Keeps a panic for the call of `catch` that is on the stack.
pub(super) fn push(seen: SeenPanic) {
    // A thread that is ending keeps nothing.
    let kept = SEEN.try_with(|all| all.borrow_mut().push(seen)).is_ok();
    if kept {
        let (depth, count) = COUNTS.get();
        COUNTS.set((depth, count + 1));
    }
}

/// Begins a call of `catch`, and returns how many panics were kept before.
#[inline]
pub(super) fn enter() -> u32 {
    let (depth, count) = COUNTS.get();
    COUNTS.set((depth + 1, count));
    count
}

/// Ends a call of `catch`, and takes the panics that were kept since it began; `None` mostly.
#[inline]
pub(super) fn leave(before: u32) -> Option<Vec<SeenPanic>> {
    let (depth, count) = COUNTS.get();
    COUNTS.set((depth - 1, before));
    (count > before).then(|| split_off(before))
}

#[cold]
fn split_off(before: u32) -> Vec<SeenPanic> {
    let split = |all: &RefCell<Vec<SeenPanic>>| {
        let mut all = all.borrow_mut();
        let at = all.len().min(before as usize);
        all.split_off(at)
    };
    SEEN.try_with(split).unwrap_or_default()
}
