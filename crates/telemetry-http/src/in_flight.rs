//! A request while it is answered: its lifecycle, and the call of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use telemetry_core::panic::Panic;
use tower_service::Service;

use crate::lifecycle::Lifecycle;

pin_project! {
    #[project = InFlightProjection]
    /// What a response is made from: the lifecycle of its request, and the call of the service.
    ///
    /// The lifecycle is in a box of its own, since it goes on to the body. The service's future stays
    /// where it is, and is dropped when the response is there: its memory is that of whatever holds
    /// the future of the response.
    pub(crate) struct InFlight<F> {
        // Absent once it was handed on.
        lifecycle: Option<Box<Lifecycle>>,
        #[pin]
        call: Call<F>,
    }

    impl<F> PinnedDrop for InFlight<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(lifecycle) = this.lifecycle else { return };
            // The handler is dropped before its request ends.
            let panicked = match this.call.as_mut().project() {
                CallProjection::Pending { .. } => {
                    let dropped =
                        lifecycle.in_scope(|it| it.catch(|| this.call.set(Call::Ended)));
                    dropped.err()
                }
                CallProjection::Panicked { panic } => take(panic),
                CallProjection::Ended => None,
            };
            if let Some(panic) = panicked {
                lifecycle.panicked_while_dropped(panic);
            }
        }
    }
}

pin_project! {
    #[project = CallProjection]
    enum Call<F> {
        Pending { #[pin] inner: F },
        // The service panicked when it was called. Behind a lock because a payload is not `Sync`.
        Panicked { panic: Option<Mutex<Panic>> },
        Ended,
    }
}

fn take(panic: &mut Option<Mutex<Panic>>) -> Option<Panic> {
    let panic = panic.take()?.into_inner();
    Some(panic.unwrap_or_else(PoisonError::into_inner))
}

impl<F> InFlight<F> {
    /// Calls the service, within the scope of the request.
    #[inline]
    pub(crate) fn call<S, B>(
        lifecycle: Box<Lifecycle>,
        service: &mut S,
        request: Request<B>,
    ) -> Self
    where
        S: Service<Request<B>, Future = F>,
    {
        let mut this = Self {
            lifecycle: Some(lifecycle),
            call: Call::Ended,
        };
        let (Some(lifecycle), call) = (&mut this.lifecycle, &mut this.call) else {
            return this;
        };
        // A closure that owns a request, or returns a future, moves it once more.
        let mut request = Some(request);
        let called = lifecycle.in_scope(|lifecycle| {
            if let Some(request) = &request {
                lifecycle.announce(request)?;
            }
            lifecycle.catch(|| {
                if let Some(request) = request.take() {
                    let inner = service.call(request);
                    *call = Call::Pending { inner };
                }
            })
        });
        if let Err(panic) = called {
            let panic = Some(Mutex::new(panic));
            *call = Call::Panicked { panic };
        }
        this
    }

    /// Hands the lifecycle on.
    pub(crate) fn take_lifecycle(self: Pin<&mut Self>) -> Option<Box<Lifecycle>> {
        self.project().lifecycle.take()
    }
}

impl<F: Future> InFlight<F> {
    /// Polls the service's future. When that is ready, with its output in `output`, or has
    /// panicked, it is dropped, within the scope of the request. Polled after that, it leaves
    /// `output` empty.
    #[inline]
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        output: &mut Option<F::Output>,
    ) -> Poll<Result<(), Panic>> {
        let InFlightProjection {
            lifecycle,
            mut call,
        } = self.project();
        let Some(lifecycle) = lifecycle else {
            return Poll::Ready(Ok(()));
        };
        lifecycle.in_scope(|lifecycle| {
            let polled = lifecycle.catch(|| match call.as_mut().project() {
                CallProjection::Pending { inner } => {
                    *output = Some(ready!(inner.poll(cx)));
                    call.set(Call::Ended);
                    Poll::Ready(None)
                }
                CallProjection::Panicked { panic } => Poll::Ready(take(panic)),
                CallProjection::Ended => Poll::Ready(None),
            });
            let panic = match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(None)) => return Poll::Ready(Ok(())),
                Ok(Poll::Ready(Some(panic))) | Err(panic) => panic,
            };
            // What is left may panic as it is dropped, too: that is a line of its own.
            let _second = lifecycle.catch(|| {
                call.set(Call::Ended);
                *output = None;
            });
            Poll::Ready(Err(panic))
        })
    }
}

impl<F> fmt::Debug for InFlight<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InFlight")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}
