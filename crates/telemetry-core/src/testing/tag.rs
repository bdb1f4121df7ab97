//! Which test an event belongs to.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use tokio::runtime::{self, Handle};

use crate::scope::{self, Scope};
use crate::testing::capture::Captured;

/// Marks a thread, scope or runtime as belonging to a capture.
#[derive(Clone)]
pub(crate) struct Tag(Weak<Captured>);

thread_local! {
    static THREAD: RefCell<Option<Tag>> = const { RefCell::new(None) };
}

static RUNTIMES: LazyLock<Mutex<HashMap<runtime::Id, Tag>>> = LazyLock::new(Mutex::default);

impl Tag {
    pub(super) fn new(captured: &Arc<Captured>) -> Self {
        Self(Arc::downgrade(captured))
    }

    /// The tag of what is running: of this thread, else of the current scope, else of the
    /// runtime that this thread belongs to.
    pub(crate) fn current() -> Option<Self> {
        let tag = Self::of_thread().or_else(|| scope::with_current(Scope::tag).flatten());
        let Ok(runtime) = Handle::try_current().map(|handle| handle.id()) else {
            return tag;
        };
        match tag {
            // A test may have started its runtime only after its capture.
            Some(tag) => {
                Self::runtimes().insert(runtime, tag.clone());
                Some(tag)
            }
            None => Self::runtimes().get(&runtime).cloned(),
        }
    }

    /// The capture, if it goes on.
    pub(super) fn capture(&self) -> Option<Arc<Captured>> {
        self.0.upgrade()
    }

    /// Marks this thread, and the runtime it is in, and returns the mark it had.
    pub(super) fn mark_thread(self) -> Option<Self> {
        let before = Self::set_thread(Some(self));
        Self::current();
        before
    }

    /// Marks this thread until the guard is dropped, for work that another thread began.
    pub(crate) fn mark_while(self) -> ThreadMark {
        ThreadMark {
            before: Self::set_thread(Some(self)),
        }
    }

    /// Ends the mark of this thread, if it is this one.
    pub(super) fn unmark_thread(&self, before: Option<Self>) {
        if Self::of_thread().is_some_and(|current| current.0.ptr_eq(&self.0)) {
            Self::set_thread(before);
        }
        Self::runtimes().retain(|_, tag| !tag.0.ptr_eq(&self.0));
    }

    fn of_thread() -> Option<Self> {
        THREAD
            .try_with(|tag| tag.borrow().clone())
            .ok()
            .flatten()
            .filter(|tag| tag.0.strong_count() > 0)
    }

    fn set_thread(tag: Option<Self>) -> Option<Self> {
        THREAD.try_with(|thread| thread.replace(tag)).ok().flatten()
    }

    fn runtimes() -> MutexGuard<'static, HashMap<runtime::Id, Self>> {
        RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the mark of a thread when it is dropped.
pub(crate) struct ThreadMark {
    before: Option<Tag>,
}

impl Drop for ThreadMark {
    fn drop(&mut self) {
        Tag::set_thread(self.before.take());
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tag")
    }
}
