//! The call of the inner service, within the scope of its request.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use telemetry_core::panic::Panic;
use telemetry_core::{FutureExt as _, InScope, Scope};
use tower_service::Service;

use crate::lifecycle::Lifecycle;

pin_project! {
    #[project = CallProjection]
    /// A call: the future of the service, in place, until that is ready.
    pub(crate) enum Call<F> {
        Pending { #[pin] inner: F },
        // Of a request that is served already, with its scope, which is not current here.
        PendingIn { #[pin] inner: InScope<F> },
        // The service panicked when it was called. Behind a lock because a payload is not `Sync`.
        Panicked { panic: Option<Mutex<Panic>> },
        Ended,
    }
}

impl<F> Call<F> {
    /// Calls the service. The call is to be one that has ended: it is given in place because a future
    /// that was just made stalls who moves it.
    #[inline]
    pub(crate) fn start<S, B>(
        &mut self,
        lifecycle: &mut Lifecycle,
        service: &mut S,
        request: Request<B>,
    ) where
        S: Service<Request<B>, Future = F>,
    {
        // A closure that owns a request, or returns a future, moves it once more.
        let mut request = Some(request);
        let called = lifecycle.in_scope(|lifecycle| {
            if let Some(request) = &request {
                lifecycle.announce(request)?;
            }
            lifecycle.catch(|| {
                if let Some(request) = request.take() {
                    let inner = service.call(request);
                    *self = Self::Pending { inner };
                }
            })
        });
        if let Err(panic) = called {
            let panic = Some(Mutex::new(panic));
            *self = Self::Panicked { panic };
        }
    }

    /// Continues a call with the scope of its request.
    pub(crate) fn pending_in(scope: Scope, inner: F) -> Self
    where
        F: Future,
    {
        Self::PendingIn {
            inner: inner.in_scope(scope),
        }
    }

    /// Drops the service's future before it is ready.
    pub(crate) fn cancel(mut self: Pin<&mut Self>, lifecycle: &mut Lifecycle) {
        let panicked = match self.as_mut().project() {
            CallProjection::Pending { .. } => {
                let dropped = lifecycle.in_scope(|it| it.catch(|| self.set(Self::Ended)));
                dropped.err()
            }
            CallProjection::Panicked { panic } => take(panic),
            CallProjection::PendingIn { .. } | CallProjection::Ended => None,
        };
        if let Some(panic) = panicked {
            lifecycle.panicked_while_dropped(panic);
        }
    }
}

impl<F: Future> Call<F> {
    /// Polls the service's future, of a request that another layer has; `None` where there is none.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Option<Poll<F::Output>> {
        match self.project() {
            CallProjection::Pending { inner } => Some(inner.poll(cx)),
            CallProjection::PendingIn { inner } => Some(inner.poll(cx)),
            CallProjection::Panicked { .. } | CallProjection::Ended => None,
        }
    }

    /// Polls the service's future within the scope of its request. When that is ready, with its
    /// output in `output`, or has panicked, it is dropped, within the scope. Polled after that, it
    /// leaves `output` empty.
    #[inline]
    pub(crate) fn poll_of(
        mut self: Pin<&mut Self>,
        lifecycle: &mut Lifecycle,
        cx: &mut Context<'_>,
        output: &mut Option<F::Output>,
    ) -> Poll<Result<(), Panic>> {
        lifecycle.in_scope(|lifecycle| {
            let polled = lifecycle.catch(|| match self.as_mut().project() {
                CallProjection::Pending { inner } => {
                    *output = Some(ready!(inner.poll(cx)));
                    self.set(Self::Ended);
                    Poll::Ready(None)
                }
                CallProjection::Panicked { panic } => Poll::Ready(take(panic)),
                CallProjection::PendingIn { .. } | CallProjection::Ended => Poll::Ready(None),
            });
            let panic = match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(None)) => return Poll::Ready(Ok(())),
                Ok(Poll::Ready(Some(panic))) | Err(panic) => panic,
            };
            // What is left may panic as it is dropped, too: that is a line of its own.
            let _second = lifecycle.catch(|| {
                self.set(Self::Ended);
                *output = None;
            });
            Poll::Ready(Err(panic))
        })
    }
}

fn take(panic: &mut Option<Mutex<Panic>>) -> Option<Panic> {
    let panic = panic.take()?.into_inner();
    Some(panic.unwrap_or_else(PoisonError::into_inner))
}
