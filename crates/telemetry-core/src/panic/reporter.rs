//! The thread that reads symbols and writes lines of panics, so that what panics does not wait for
//! it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::panic::backtrace::Trace;
use crate::panic::ignore_panics_of_this_thread;

/// How long what panicked waits for its symbols to be read, which takes long the first time.
const SYMBOLS_TIMEOUT: Duration = Duration::from_millis(50);
/// How long it waits in a test that captures lines.
pub(super) const CAPTURED_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the panic hook waits for the line where the process is about to be aborted.
pub(super) const ABORT_TIMEOUT: Duration = Duration::from_millis(100);
/// How many jobs may wait. Beyond it they are done by the thread that panics.
const QUEUE_CAPACITY: usize = 1024;

type Job = Box<dyn FnOnce() + Send>;

static QUEUE: Queue = Queue {
    state: Mutex::new(State {
        jobs: VecDeque::new(),
        is_running: false,
    }),
    idle: Condvar::new(),
};

struct Queue {
    state: Mutex<State>,
    /// Notified when all jobs are done.
    idle: Condvar,
}

struct State {
    jobs: VecDeque<Job>,
    /// Whether the thread is there. It ends when it has nothing to do.
    is_running: bool,
}

/// How long symbols are waited for.
pub(super) fn symbols_timeout() -> Duration {
    #[cfg(feature = "testing")]
    if crate::testing::Tag::current().is_some() {
        return CAPTURED_TIMEOUT;
    }
    SYMBOLS_TIMEOUT
}

/// Reads the symbols of a backtrace.
pub(super) fn read_symbols(trace: &Arc<Trace>) {
    let trace = Arc::clone(trace);
    run(move || trace.read_symbols());
}

/// Does a job on the thread of reports, one after another.
pub(super) fn run(job: impl FnOnce() + Send + 'static) -> Done {
    let done = Done::default();
    let ending = done.clone();
    let job = Box::new(move || {
        job();
        ending.end();
    });
    if let Err(job) = QUEUE.push(job) {
        job();
    }
    done
}

/// Waits until the lines of all panics so far are written; `false` when `timeout` passes first.
///
/// A backtrace is made by a thread of its own: export that ends waits for it, so that the record of
/// the panic is exported too.
pub fn wait_until_idle(timeout: Duration) -> bool {
    let state = QUEUE.lock();
    let (state, _) = QUEUE
        .idle
        .wait_timeout_while(state, timeout, |state| state.is_running)
        .unwrap_or_else(PoisonError::into_inner);
    !state.is_running
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, and starts the thread unless it runs.
    ///
    /// # Errors
    ///
    /// When there are too many jobs, or no thread can be started.
    fn push(&'static self, job: Job) -> Result<(), Job> {
        let mut state = self.lock();
        if state.jobs.len() == QUEUE_CAPACITY {
            return Err(job);
        }
        if !state.is_running {
            let thread = thread::Builder::new().name("telemetry-panics".into());
            if thread.spawn(|| self.work()).is_err() {
                return Err(job);
            }
            state.is_running = true;
        }
        state.jobs.push_back(job);
        Ok(())
    }

    fn work(&self) {
        ignore_panics_of_this_thread();
        loop {
            let mut state = self.lock();
            let Some(job) = state.jobs.pop_front() else {
                state.is_running = false;
                drop(state);
                self.idle.notify_all();
                return;
            };
            drop(state);
            let _panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        }
    }
}

/// The end of a job.
#[derive(Clone, Default)]
pub(super) struct Done(Arc<(Mutex<bool>, Condvar)>);

impl Done {
    fn end(&self) {
        let (is_done, ended) = &*self.0;
        *is_done.lock().unwrap_or_else(PoisonError::into_inner) = true;
        ended.notify_all();
    }

    /// Waits for the end, for at most `timeout`.
    pub(super) fn wait(&self, timeout: Duration) {
        if timeout.is_zero() {
            return;
        }
        let (is_done, ended) = &*self.0;
        let is_done = is_done.lock().unwrap_or_else(PoisonError::into_inner);
        drop(ended.wait_timeout_while(is_done, timeout, |is_done| !*is_done));
    }
}
