//! The context of a unit of work.

mod attributes;
mod bindings;
mod carry;
mod current;
mod future;
mod limit;
mod pool;
mod spawn;
mod temporary;

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::Context;

pub use carry::{carry, without_context};
pub(crate) use current::with as with_current;
pub use future::{FutureExt, InScope};
pub use spawn::{spawn, spawn_blocking, spawn_thread};
pub use temporary::TemporaryBinding;

use crate::decode::{Piece, Pieces};
use crate::fields::Fields;
use crate::held::{self, Locked};
use crate::scope::bindings::Bindings;
use crate::statistics;
#[cfg(feature = "testing")]
use crate::testing::Tag;
use crate::trace;
use crate::value::{self, FieldValue, Rendered, Value};

/// The context of one unit of work: a request, connection, message, job or spawned task.
///
/// A cheap handle: clones share the same fields. Everything that is logged while the scope
/// is current carries them. A scope is made current for a closure by
/// [`in_scope`](Self::in_scope) and for a future by [`FutureExt::in_scope`], which makes it
/// current for each poll; there is no guard that could be held across an `await`.
///
/// Besides its fields a scope holds its place in the trace: the OpenTelemetry context, with
/// a valid span, that is attached wherever the scope is current.
///
/// ```
/// use telemetry_core::{FutureExt as _, Scope};
///
/// # async fn work() {}
/// # async fn example() {
/// let scope = Scope::builder().field("job", "standings").build();
/// async {
///     work().await;
///     telemetry_core::bind("tournament.id", 5); // seen by every later line of this scope
/// }
/// .in_scope(scope.clone())
/// .await;
/// assert_eq!(scope.get("tournament.id").unwrap(), 5);
/// # }
/// ```
#[derive(Clone)]
pub struct Scope(Arc<Inner>);

struct Inner {
    bindings: Mutex<Bindings>,
    has_ended: AtomicBool,
    /// Only ever one with a valid span.
    trace: Option<Context>,
    #[cfg(feature = "testing")]
    tag: Option<Tag>,
}

impl Scope {
    /// Makes an empty scope.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Starts a scope that begins with fields of its own.
    pub fn builder() -> ScopeBuilder {
        ScopeBuilder(Inner::new(pool::take()))
    }

    /// The scope that is current on this thread.
    #[must_use]
    pub fn current() -> Option<Self> {
        current::with(Clone::clone)
    }

    /// A scope for a child of the current unit of work: a copy of the fields as they are
    /// now, beneath the current span. What either side binds later does not reach the
    /// other. Empty when no scope is current.
    #[must_use]
    pub fn snapshot() -> Self {
        let mut fields = pool::take();
        current::with(|scope| fields.copy(scope.lock().fields()));
        let mut scope = Inner::new(fields);
        scope.trace = trace::current();
        ScopeBuilder(scope).build()
    }

    /// Binds `key` to `value`, in place of the value it had. A temporary binding of the key is
    /// replaced as well: its guard then does nothing.
    ///
    /// Names that a line has itself, or that clash with these, such as `level`, `event.id` and
    /// `user`, are bound as `field.<name>`, and the values of
    /// [sensitive](crate::is_sensitive) keys as `[redacted]`.
    ///
    /// A scope has at most 256 keys. A further one is not bound, which
    /// [`Statistics::refused_keys`](crate::Statistics::refused_keys) counts and the line
    /// [`context_limit_reached`](crate::names::event::CONTEXT_LIMIT_REACHED) reports, once in a
    /// process.
    #[inline]
    pub fn bind(&self, key: &str, value: impl FieldValue) {
        render(value, |value| {
            let is_bound = self.lock().set(key, &value);
            if !is_bound {
                limit::refuse_key();
            }
        });
    }

    /// Removes `key`, with all temporary bindings of it: their guards then do nothing. `false`
    /// when it was not bound.
    pub fn unbind(&self, key: &str) -> bool {
        self.lock().remove(key)
    }

    /// Binds `key` to `value` until the guard is dropped. See [`bind_temporarily`].
    pub fn bind_temporarily(&self, key: &str, value: impl FieldValue) -> TemporaryBinding {
        TemporaryBinding::new(Some(self.clone()), key, value)
    }

    /// The value that `key` is bound to.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<Value> {
        self.lock().fields().get(key)
    }

    /// All fields, in the order in which they were bound.
    #[must_use]
    pub fn fields(&self) -> Vec<(String, Value)> {
        let bindings = self.lock();
        let fields = bindings.fields().iter();
        fields
            .map(|(key, value)| (key.into_owned(), value))
            .collect()
    }

    /// Calls `visit` with each field, in the order in which they were bound: what they are when
    /// it begins, whatever is bound meanwhile.
    fn for_each_field(&self, visit: impl FnMut(Piece<'_>)) {
        with_scratch(|bytes| {
            bytes.extend_from_slice(self.lock().fields().bytes());
            Pieces(bytes).for_each(visit);
        });
    }

    /// Makes the scope current on this thread while `work` runs.
    #[inline]
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        if current::with(|current| Arc::ptr_eq(&current.0, &self.0)).unwrap_or_default() {
            return work();
        }
        let mut scope = Some(self.clone());
        let _entered = current::enter(&mut scope);
        work()
    }

    /// Makes the scope in `slot` current on this thread while `work` runs, as
    /// [`in_scope`](Self::in_scope) does, but without counting a reference: for layers, which enter
    /// a scope of their own again and again. An empty slot changes nothing.
    #[inline]
    pub fn with_owned<T>(slot: &mut Option<Self>, work: impl FnOnce() -> T) -> T {
        if slot.is_none() {
            return work();
        }
        let _entered = current::enter(slot);
        work()
    }

    /// Marks the unit of work that the scope was opened for as ended, for
    /// [`has_ended`](Self::has_ended). Everything else works as before.
    pub fn mark_ended(&self) {
        self.0.has_ended.store(true, Ordering::Release);
    }

    /// Says whether the unit of work has ended, although its scope is still there. A layer that
    /// meets a request with the scope of another layer knows by it whether that is still the
    /// same request.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.0.has_ended.load(Ordering::Acquire)
    }

    /// What is bound. Never held while user code runs: a value that logs while it formats
    /// itself would wait for its own line. An allocator alone runs beneath it, and one that logs
    /// finds no fields.
    #[inline]
    pub(crate) fn lock(&self) -> Locked<'_, Bindings> {
        held::lock(&self.0.bindings)
    }

    #[inline]
    fn trace(&self) -> Option<&Context> {
        self.0.trace.as_ref()
    }

    #[cfg(feature = "testing")]
    pub(crate) fn tag(&self) -> Option<Tag> {
        self.0.tag.clone()
    }
}

impl Inner {
    #[inline]
    const fn new(fields: Fields) -> Self {
        Self {
            bindings: Mutex::new(Bindings::new(fields)),
            has_ended: AtomicBool::new(false),
            trace: None,
            #[cfg(feature = "testing")]
            tag: None,
        }
    }

    /// What is bound, of a scope that nobody shares.
    #[inline]
    fn bindings(&mut self) -> &mut Bindings {
        let bindings = self.bindings.get_mut();
        bindings.unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    #[inline]
    fn drop(&mut self) {
        pool::give_back(std::mem::take(self.bindings().fields_mut()));
    }
}

impl Default for Scope {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.fields()).finish()
    }
}

/// Collects what a scope begins with, before it is shared. Made by [`Scope::builder`].
#[must_use = "a builder does nothing until `build` is called"]
pub struct ScopeBuilder(Inner);

// By reference: moving a builder that was just written to stalls on the writes.
impl ScopeBuilder {
    /// Sets a field, as [`Scope::bind`] does.
    #[inline(always)]
    pub fn field(&mut self, key: &str, value: impl FieldValue) -> &mut Self {
        if !self.0.bindings().set(key, &value) {
            limit::refuse_key();
        }
        self
    }

    /// Sets the scope's place in the trace. A context without a valid span is ignored: it
    /// must not be attached, or a parent-based sampler would drop every span beneath it.
    #[inline]
    pub fn trace(&mut self, context: &Context) -> &mut Self {
        self.0.trace = trace::valid(context);
        self
    }

    /// Makes the scope. The builder is empty afterwards.
    #[inline]
    #[must_use]
    pub fn build(&mut self) -> Scope {
        #[cfg(feature = "testing")]
        {
            self.0.tag = Tag::current();
        }
        Scope(Arc::new(std::mem::replace(
            &mut self.0,
            Inner::new(Fields::new()),
        )))
    }
}

impl fmt::Debug for ScopeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopeBuilder")
            .field(&self.0.bindings)
            .finish()
    }
}

/// Binds `key` to `value` in the current scope: every later line of the unit of work
/// carries it, its completion line included.
///
/// Without a current scope nothing is bound, and [`Statistics::unbound`] counts it. See
/// [`Scope::bind`] for reserved and sensitive keys.
///
/// [`Statistics::unbound`]: crate::Statistics::unbound
#[inline]
pub fn bind(key: &str, value: impl FieldValue) {
    render(value, |value| {
        match current::with(|scope| scope.lock().set(key, &value)) {
            Some(true) => {}
            Some(false) => limit::refuse_key(),
            None => statistics::count_unbound(),
        }
    });
}

/// Removes `key` from the current scope, with all temporary bindings of it; `false` when it was
/// not bound.
pub fn unbind(key: &str) -> bool {
    current::with(|scope| scope.unbind(key)).unwrap_or_default()
}

/// Binds `key` to `value` in the current scope until the guard is dropped, which takes back this
/// binding and no other.
///
/// Of several for one key the last that was made and still is there counts, in whatever order
/// their guards are dropped; after the last of them the key has what it had before. A plain
/// [`bind`] or [`unbind`] of the key meanwhile replaces all of them, and stays when the guards
/// are dropped. A [snapshot](Scope::snapshot) keeps the value of the moment, whatever becomes of
/// the guard.
///
/// The guard belongs to the scope, not to the thread: it may be held across an `await` and
/// dropped anywhere, after the end of the unit of work too. Futures that run at once in one
/// scope, such as those of `join_all`, see each other's bindings: give each a scope of its own by
/// [`carry_context`](FutureExt::carry_context).
pub fn bind_temporarily(key: &str, value: impl FieldValue) -> TemporaryBinding {
    let scope = Scope::current();
    if scope.is_none() {
        statistics::count_unbound();
    }
    TemporaryBinding::new(scope, key, value)
}

/// The fields of the current scope, in the order in which they were bound; empty when no
/// scope is current.
#[must_use]
pub fn context() -> Vec<(String, Value)> {
    current::with(Scope::fields).unwrap_or_default()
}

/// Renders a value before anything is locked or borrowed, and hands it on.
#[inline]
fn render<T>(value: impl FieldValue, use_it: impl FnOnce(Rendered<'_>) -> T) -> T {
    with_scratch(|bytes| {
        value::encode(&value, bytes);
        use_it(Rendered(bytes))
    })
}

/// A buffer that has grown beyond this for one value is given back.
const MAX_SCRATCH_CAPACITY: usize = 64 * 1024;

/// Calls `work` with an empty buffer of the thread.
#[inline]
fn with_scratch<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    thread_local! {
        static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    // Taken out, so that a value that binds another one finds an empty buffer.
    let mut bytes = SCRATCH.try_with(Cell::take).unwrap_or_default();
    bytes.clear();
    let result = work(&mut bytes);
    if bytes.capacity() <= MAX_SCRATCH_CAPACITY {
        // A thread that is ending needs no buffer any more.
        let _ending = SCRATCH.try_with(|scratch| scratch.set(bytes));
    }
    result
}
