//! The subscriber that lines of panics go to.

use std::cell::RefCell;
use std::sync::OnceLock;

use tracing::subscriber::NoSubscriber;
use tracing::{Dispatch, dispatcher};

/// What we have set for the process.
static INSTALLED: OnceLock<Dispatch> = OnceLock::new();

thread_local! {
    /// What we run on this thread.
    static RUNNING: RefCell<Option<Dispatch>> = const { RefCell::new(None) };
}

/// The subscriber of this thread.
///
/// While it takes an event, and so formats values or calls layers of the application, `tracing` may
/// give out none in its place: then it is the one that we have set.
pub(crate) fn current() -> Dispatch {
    let current = dispatcher::get_default(Dispatch::clone);
    if !current.is::<NoSubscriber>() {
        return current;
    }
    let running = RUNNING.try_with(|running| running.try_borrow().ok()?.clone());
    let ours = running.ok().flatten().or_else(|| INSTALLED.get().cloned());
    ours.unwrap_or(current)
}

/// Sets the subscriber of the process; `false` when there is one.
pub(crate) fn install(dispatch: Dispatch) -> bool {
    let is_set = dispatcher::set_global_default(dispatch.clone()).is_ok();
    if is_set {
        // The process had none before.
        let _first = INSTALLED.set(dispatch);
    }
    is_set
}

/// Calls `work` with this subscriber on this thread.
pub(crate) fn run<T>(dispatch: &Dispatch, work: impl FnOnce() -> T) -> T {
    let _before = Before(RUNNING.with(|running| running.replace(Some(dispatch.clone()))));
    dispatcher::with_default(dispatch, work)
}

/// Puts back what ran before.
struct Before(Option<Dispatch>);

impl Drop for Before {
    fn drop(&mut self) {
        let before = self.0.take();
        // A thread that is ending runs none any more.
        let _ending = RUNNING.try_with(|running| running.replace(before));
    }
}
