//! Panics as values: what was said, where, and the way there.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::fmt::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Once;
use std::thread;

mod backtrace;
mod caught;
mod watched;

pub use caught::{Caught, catch_async};
pub(crate) use watched::{Watched, tell, watched};

thread_local! {
    /// How many calls of [`catch`] are on the stack.
    static CATCHING: Cell<u32> = const { Cell::new(0) };
    /// The place and backtrace of the last panic that is being caught.
    static SEEN: RefCell<Option<String>> = const { RefCell::new(None) };
    /// Where the payload is of the last panic that went on and that a line has told of.
    static TOLD: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A panic that was caught.
#[derive(Debug)]
pub struct Panic {
    /// What it said: the [`ERROR`](crate::names::ERROR) of a line.
    pub message: String,
    /// Where it happened, and the frames from there to the call of [`catch`], at most 32 and
    /// 8 KiB of them: the [`EXCEPTION`](crate::names::EXCEPTION) of a line. `None` when [`watch`] was not called before, or another panic hook has since
    /// replaced the one that it sets.
    pub backtrace: Option<String>,
    payload: Box<dyn Any + Send>,
    is_told: bool,
}

impl Panic {
    /// Takes note that a line has told of it: the task or unit of work around it writes none.
    #[must_use]
    pub fn told(mut self) -> Self {
        self.is_told = true;
        self
    }

    /// Goes on with the panic, without calling the panic hook again.
    pub fn resume(self) -> ! {
        let told = self.is_told.then(|| address(&*self.payload));
        // A thread that is ending tells it once more.
        let _ending = TOLD.try_with(|last| last.set(told));
        panic::resume_unwind(self.payload)
    }
}

/// Calls `work` and catches its panic.
///
/// The panic hook runs as usual first. What `work` leaves behind half done is for the
/// caller to judge, as with [`AssertUnwindSafe`].
///
/// # Errors
///
/// When `work` panics.
#[inline]
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panic> {
    let catching = Catching::start();
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    drop(catching);
    result.map_err(caught)
}

/// Sets a panic hook, once, that remembers place and backtrace of panics which [`catch`]
/// catches, and leaves the rest to the hook that was there before.
pub fn watch() {
    static SET: Once = Once::new();
    // The hook cannot be changed while the thread panics: another call will come.
    if thread::panicking() {
        return;
    }
    SET.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if CATCHING.try_with(Cell::get).is_ok_and(|depth| depth > 0) {
                remember(info);
            }
            before(info);
        }));
    });
}

struct Catching;

impl Catching {
    #[inline]
    fn start() -> Self {
        // A thread that is ending catches without remembering.
        let _ending = CATCHING.try_with(|depth| depth.set(depth.get() + 1));
        Self
    }
}

impl Drop for Catching {
    #[inline]
    fn drop(&mut self) {
        let _ending = CATCHING.try_with(|depth| depth.set(depth.get().saturating_sub(1)));
    }
}

#[cold]
fn caught(payload: Box<dyn Any + Send>) -> Panic {
    let message = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a value that is not text".to_owned());
    let backtrace = SEEN.try_with(RefCell::take).ok().flatten();
    let told = TOLD.try_with(Cell::take).ok().flatten();
    let is_told = told == Some(address(&*payload));
    Panic {
        message,
        backtrace,
        payload,
        is_told,
    }
}

/// What tells one panic from another: their payloads are moved as a box, and stay where they are.
fn address(payload: &(dyn Any + Send)) -> usize {
    std::ptr::from_ref(payload).addr()
}

fn remember(info: &PanicHookInfo<'_>) {
    let mut text = String::new();
    if let Some(location) = info.location() {
        // Writing to a string does not fail.
        let _infallible = writeln!(text, "panicked at {location}");
    }
    let frames = Backtrace::force_capture().to_string();
    text.push_str(&backtrace::shorten(&frames));
    let _ending = SEEN.try_with(|seen| seen.replace(Some(text)));
}
