//! Keeps spans off threads on which the registry of spans would panic.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, Layered, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;

/// How many threads may use the registry at a time. The slab of `sharded-slab` that the registry
/// keeps its spans in has room for 4,096 and panics beyond; the difference is for threads that the
/// slab counts and this layer does not see.
const MAX_THREADS: usize = 3_840;

/// Disables spans on threads on which the registry would panic: those beyond the ones that it has
/// room for, and those that are ending and have lost its thread-locals.
///
/// Code there runs without a span. Events are not affected.
#[derive(Debug)]
pub(crate) struct RegistryGuard {
    /// The hint of what is beneath: a layer without a hint would take it away.
    level_hint: Option<LevelFilter>,
}

impl RegistryGuard {
    /// Puts the guard above `subscriber`.
    pub(crate) fn above<S>(subscriber: S) -> Layered<Self, S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let level_hint = subscriber.max_level_hint();
        subscriber.with(Self { level_hint })
    }
}

impl<S: Subscriber> Layer<S> for RegistryGuard {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() {
            // It depends on the thread, each time.
            Interest::sometimes()
        } else {
            Interest::always()
        }
    }

    #[inline]
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !metadata.is_span() || STATE.get().allows_spans() || begin()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.level_hint
    }

    #[inline]
    fn on_new_span(&self, _: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if !STATE.get().has_made_span {
            mark_made_span();
        }
    }

    #[inline]
    fn on_enter(&self, _: &Id, _: Context<'_, S>) {
        mark_entered();
    }

    #[inline]
    fn on_close(&self, _: Id, _: Context<'_, S>) {
        // Spans that other threads made are closed by way of the slab too.
        if !STATE.get().is_counted {
            count();
        }
    }
}

/// Says whether this thread is ending and has lost thread-locals of the registry.
#[inline]
pub(super) fn is_ending() -> bool {
    STATE.get().is_ending
}

/// Notes that this thread has used what the crate `thread_local` keeps, as the stack of entered
/// spans.
#[inline]
pub(super) fn mark_entered() {
    let state = STATE.get();
    if !state.has_entered && !state.is_ending {
        register_entered();
    }
}

/// What is known of this thread.
#[derive(Clone, Copy, Debug)]
struct State {
    /// It is one of [`THREADS`].
    is_counted: bool,
    /// It was counted when the registry had no room for it.
    is_beyond: bool,
    has_made_span: bool,
    has_entered: bool,
    is_ending: bool,
}

impl State {
    #[inline]
    fn allows_spans(self) -> bool {
        self.is_counted && !self.is_beyond && !self.is_ending
    }
}

/// How many threads use the registry.
static THREADS: AtomicUsize = AtomicUsize::new(0);

// Thread-locals are dropped in the reverse order of their first use. The place is used before those
// of the registry, hence released after them; the marks are used after them, hence dropped before.
thread_local! {
    /// Not dropped at all, so that it can be read at any time.
    static STATE: Cell<State> = const {
        Cell::new(State {
            is_counted: false,
            is_beyond: false,
            has_made_span: false,
            has_entered: false,
            is_ending: false,
        })
    };
    static PLACE: Place = const { Place };
    static MADE_SPAN: EndMark = const { EndMark };
    static ENTERED: EndMark = const { EndMark };
}

/// The place of this thread among [`THREADS`].
struct Place;

impl Drop for Place {
    fn drop(&mut self) {
        THREADS.fetch_sub(1, Ordering::AcqRel);
        change(|state| state.is_ending = true);
    }
}

/// Marks the end of this thread when it is dropped.
struct EndMark;

impl Drop for EndMark {
    fn drop(&mut self) {
        change(|state| state.is_ending = true);
    }
}

fn change(with: impl FnOnce(&mut State)) {
    let mut state = STATE.get();
    with(&mut state);
    STATE.set(state);
}

/// Takes a place for this thread, if it has none and there is one; `false` when there may be no
/// span.
#[cold]
fn begin() -> bool {
    let state = STATE.get();
    if state.is_counted || state.is_ending {
        return false;
    }
    let free = |threads| (threads < MAX_THREADS).then_some(threads + 1);
    let is_taken = THREADS
        .fetch_update(Ordering::AcqRel, Ordering::Acquire, free)
        .is_ok();
    is_taken && keep_place(false)
}

/// Counts this thread, whether or not there is room for it.
#[cold]
fn count() {
    if !STATE.get().is_ending {
        let before = THREADS.fetch_add(1, Ordering::AcqRel);
        keep_place(before >= MAX_THREADS);
    }
}

/// Keeps the place, which is counted already, until this thread ends.
fn keep_place(is_beyond: bool) -> bool {
    let is_kept = PLACE.try_with(|_| ()).is_ok();
    if is_kept {
        change(|state| {
            state.is_counted = true;
            state.is_beyond = is_beyond;
        });
    } else {
        THREADS.fetch_sub(1, Ordering::AcqRel);
    }
    is_kept
}

#[cold]
fn mark_made_span() {
    if MADE_SPAN.try_with(|_| ()).is_ok() {
        change(|state| state.has_made_span = true);
    }
}

#[cold]
fn register_entered() {
    if ENTERED.try_with(|_| ()).is_ok() {
        change(|state| state.has_entered = true);
    }
}
