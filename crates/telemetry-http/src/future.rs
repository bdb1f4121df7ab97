//! The future of a response.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use telemetry_core::{FutureExt as _, InScope, Scope};

use crate::body::ResponseBody;
use crate::in_flight::InFlight;

pin_project! {
    /// The response of the inner service, with the request id among its headers and a body that is
    /// followed to its end. Dropped before it is ready, it ends the request as cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Followed { #[pin] in_flight: InFlight<F> },
        // Another layer further out has the request.
        PassedThrough { #[pin] inner: F },
        // The same, with the scope of that request, which is not current here.
        PassedThroughIn { #[pin] inner: InScope<F> },
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(crate) fn new(in_flight: InFlight<F>) -> Self {
        Self {
            state: State::Followed { in_flight },
        }
    }

    pub(crate) fn pass_through(inner: F) -> Self {
        Self {
            state: State::PassedThrough { inner },
        }
    }

    pub(crate) fn pass_through_in(scope: Scope, inner: F) -> Self
    where
        F: Future,
    {
        Self {
            state: State::PassedThroughIn {
                inner: inner.in_scope(scope),
            },
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
        let mut in_flight = match self.project().state.project() {
            StateProjection::Followed { in_flight } => in_flight,
            StateProjection::PassedThrough { inner } => {
                let response = ready!(inner.poll(cx))?;
                return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
            }
            StateProjection::PassedThroughIn { inner } => {
                let response = ready!(inner.poll(cx))?;
                return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
            }
        };
        let mut output = None;
        let polled = ready!(in_flight.as_mut().poll(cx, &mut output));
        let Some(mut lifecycle) = in_flight.take_lifecycle() else {
            return polled_after_completion();
        };
        if let Err(panic) = polled {
            let response = lifecycle.respond_to_panic(panic);
            return Poll::Ready(Ok(response.map(ResponseBody::of_bytes)));
        }
        // Where it is: a response that was just changed stalls who moves it.
        match &mut output {
            Some(Ok(response)) => lifecycle.respond(response),
            Some(Err(error)) => lifecycle.fail(error),
            None => {}
        }
        match output {
            Some(Ok(response)) => {
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, lifecycle))))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => polled_after_completion(),
        }
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
        let mut debug = f.debug_struct("ResponseFuture");
        if let State::Followed { in_flight } = &self.state {
            debug.field("in_flight", in_flight);
        }
        debug.finish_non_exhaustive()
    }
}
