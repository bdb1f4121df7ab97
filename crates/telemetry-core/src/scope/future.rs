//! Futures that carry a scope.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::scope::{Scope, current};

/// Carries the context with a future.
pub trait FutureExt: Sized {
    /// Makes `scope` current whenever the future is polled, and while it is dropped.
    fn in_scope(self, scope: Scope) -> InScope<Self> {
        InScope {
            inner: Some(self),
            scope: Some(scope),
        }
    }

    /// Gives the future a [snapshot](Scope::snapshot) of the current context, for tasks
    /// that are spawned by other means than [`spawn`](crate::spawn):
    ///
    /// ```
    /// use telemetry_core::FutureExt as _;
    ///
    /// # async fn example() {
    /// # async fn work() {}
    /// let mut tasks = tokio::task::JoinSet::new();
    /// tasks.spawn(work().carry_context());
    /// # }
    /// ```
    fn carry_context(self) -> InScope<Self> {
        self.in_scope(Scope::snapshot())
    }
}

impl<F: Future> FutureExt for F {}

pin_project! {
    /// A future with its scope. Made by [`FutureExt`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InScope<F> {
        // Absent once it has been dropped within its scope.
        #[pin]
        inner: Option<F>,
        // Absent only while the future is being polled.
        scope: Option<Scope>,
    }

    impl<F> PinnedDrop for InScope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.inner.is_some() {
                let _entered = current::enter(this.scope);
                this.inner.set(None);
            }
        }
    }
}

impl<F> InScope<F> {
    /// The scope, other than from within the future itself.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    /// # Panics
    ///
    /// When polled after it has completed.
    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let _entered = current::enter(this.scope);
        let Some(inner) = this.inner.as_mut().as_pin_mut() else {
            return polled_after_completion();
        };
        let output = std::task::ready!(inner.poll(cx));
        this.inner.set(None);
        Poll::Ready(output)
    }
}

#[cold]
#[expect(
    clippy::panic,
    reason = "the contract of Future allows it, and nothing else can be returned"
)]
fn polled_after_completion<T>() -> Poll<T> {
    panic!("`InScope` polled after completion")
}

impl<F> fmt::Debug for InScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InScope")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
