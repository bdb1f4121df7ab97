//! The future of a response.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use telemetry_core::panic::{self, Panic};

use crate::body::ResponseBody;
use crate::lifecycle::Lifecycle;

pin_project! {
    /// The response of the inner service, with the request id among its headers and a body
    /// that is followed to its end. Dropped before it is ready, it ends the request as
    /// cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        // Absent when another layer further out has it.
        lifecycle: Option<Box<Lifecycle>>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // The handler is dropped before its request ends.
            if let Some(lifecycle) = this.lifecycle {
                lifecycle.in_scope(|_| this.state.set(State::Done));
            }
        }
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Pending { #[pin] inner: F },
        // The service panicked when it was called.
        Panicked { panic: Option<Panic> },
        Done,
    }
}

impl<F> ResponseFuture<F> {
    /// Calls the service, within the scope of the request.
    #[inline]
    pub(crate) fn start(lifecycle: Box<Lifecycle>, call: impl FnOnce(&mut Lifecycle) -> F) -> Self {
        let mut future = Self {
            state: State::Done,
            lifecycle: Some(lifecycle),
        };
        let Self { state, lifecycle } = &mut future;
        if let Some(lifecycle) = lifecycle {
            let called = lifecycle.in_scope(|lifecycle| {
                panic::catch(|| {
                    let inner = call(lifecycle);
                    // In place: returned from here, it would be moved time and again. It is large.
                    *state = State::Pending { inner };
                })
            });
            if let Err(panic) = called {
                *state = State::Panicked { panic: Some(panic) };
            }
        }
        future
    }

    pub(crate) fn pass_through(inner: F) -> Self {
        Self {
            state: State::Pending { inner },
            lifecycle: None,
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Data: From<Bytes>,
    E: Display,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let Some(lifecycle) = this.lifecycle else {
            let response = match this.state.project() {
                StateProjection::Pending { inner } => ready!(inner.poll(cx))?,
                _ => return polled_after_completion(),
            };
            return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
        };
        let result = ready!(lifecycle.in_scope(|_| this.state.poll(cx)));
        let Some(mut lifecycle) = this.lifecycle.take() else {
            return polled_after_completion();
        };
        Poll::Ready(match result {
            Ok(Ok(mut response)) => {
                lifecycle.respond(&mut response);
                Ok(response.map(|body| ResponseBody::new(body, lifecycle)))
            }
            Ok(Err(error)) => {
                lifecycle.fail(&error);
                Err(error)
            }
            Err(panic) => Ok(lifecycle
                .respond_to_panic(&panic)
                .map(ResponseBody::of_bytes)),
        })
    }
}

impl<F: Future> State<F> {
    /// Polls the service's future, and drops it when it is ready or has panicked.
    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<F::Output, Panic>> {
        let result = match self.as_mut().project() {
            StateProjection::Pending { inner } => match panic::catch(|| inner.poll(cx)) {
                Ok(polled) => Ok(ready!(polled)),
                Err(panic) => Err(panic),
            },
            StateProjection::Panicked { panic } => match panic.take() {
                Some(panic) => Err(panic),
                None => return polled_after_completion(),
            },
            StateProjection::Done => return polled_after_completion(),
        };
        self.set(State::Done);
        Poll::Ready(result)
    }
}

#[cold]
#[expect(
    clippy::panic,
    reason = "the contract of Future allows it, and nothing else can be returned"
)]
fn polled_after_completion<T>() -> Poll<T> {
    panic!("`ResponseFuture` polled after completion")
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}
