//! A request while it is answered: its lifecycle, and the call of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Request;
use pin_project_lite::pin_project;
use telemetry_core::panic::Panic;
use tower_service::Service;

use crate::lifecycle::Lifecycle;

pin_project! {
    #[project = InFlightProjection]
    /// What the future of a response hands on to its body.
    ///
    /// In one box from the one to the other: whatever wraps this layer moves what it is given, and
    /// futures are large.
    pub(crate) struct InFlight<F> {
        lifecycle: Lifecycle,
        #[pin]
        call: Call<F>,
    }

    impl<F> PinnedDrop for InFlight<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // The handler is dropped before its request ends.
            let panicked = match this.call.as_mut().project() {
                CallProjection::Pending { .. } => {
                    let lifecycle = &mut *this.lifecycle;
                    let dropped =
                        lifecycle.in_scope(|it| it.catch(|| this.call.set(Call::Ended)));
                    dropped.err()
                }
                CallProjection::Panicked { panic } => panic.take(),
                CallProjection::Ended => None,
            };
            if let Some(panic) = panicked {
                this.lifecycle.panicked_while_dropped(panic);
            }
        }
    }
}

pin_project! {
    #[project = CallProjection]
    enum Call<F> {
        Pending { #[pin] inner: F },
        // The service panicked when it was called.
        Panicked { panic: Option<Panic> },
        Ended,
    }
}

impl<F> InFlight<F> {
    #[inline]
    pub(crate) fn new(lifecycle: Lifecycle) -> Pin<Box<Self>> {
        // Written to where it stays, and not copied there.
        Box::into_pin(Box::write(
            Box::new_uninit(),
            Self {
                lifecycle,
                call: Call::Ended,
            },
        ))
    }

    pub(crate) fn lifecycle(self: Pin<&mut Self>) -> &mut Lifecycle {
        self.project().lifecycle
    }

    /// Calls the service, within the scope of the request.
    #[inline]
    pub(crate) fn call<S, B>(self: Pin<&mut Self>, service: &mut S, request: Request<B>)
    where
        S: Service<Request<B>, Future = F>,
    {
        let InFlightProjection {
            lifecycle,
            mut call,
        } = self.project();
        // A closure that owns a request, or returns a future, moves it once more.
        let mut request = Some(request);
        let called = lifecycle.in_scope(|lifecycle| {
            if let Some(request) = &request {
                lifecycle.announce(request)?;
            }
            lifecycle.catch(|| {
                if let Some(request) = request.take() {
                    let inner = service.call(request);
                    call.set(Call::Pending { inner });
                }
            })
        });
        if let Err(panic) = called {
            let panic = Some(panic);
            call.set(Call::Panicked { panic });
        }
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
        lifecycle.in_scope(|lifecycle| {
            let polled = lifecycle.catch(|| match call.as_mut().project() {
                CallProjection::Pending { inner } => {
                    *output = Some(ready!(inner.poll(cx)));
                    call.set(Call::Ended);
                    Poll::Ready(None)
                }
                CallProjection::Panicked { panic } => Poll::Ready(panic.take()),
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
