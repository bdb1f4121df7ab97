//! The future of a response.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use telemetry_core::{FutureExt as _, InScope, Scope};

use crate::body::ResponseBody;
use crate::in_flight::InFlight;

/// The response of the inner service, with the request id among its headers and a body that is
/// followed to its end. Dropped before it is ready, it ends the request as cancelled.
#[must_use = "futures do nothing unless polled"]
pub struct ResponseFuture<F>(State<F>);

enum State<F> {
    Followed(Pin<Box<InFlight<F>>>),
    /// Another layer further out has the request.
    PassedThrough(Pin<Box<F>>),
    /// The same, with the scope of that request, which is not current here.
    PassedThroughIn(Pin<Box<InScope<F>>>),
    Completed,
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(in_flight: Pin<Box<InFlight<F>>>) -> Self {
        Self(State::Followed(in_flight))
    }

    pub(crate) fn pass_through(inner: F) -> Self {
        Self(State::PassedThrough(Box::pin(inner)))
    }

    pub(crate) fn pass_through_in(scope: Scope, inner: F) -> Self
    where
        F: Future,
    {
        Self(State::PassedThroughIn(Box::pin(inner.in_scope(scope))))
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    B::Data: From<Bytes>,
    E: Display,
{
    type Output = Result<Response<ResponseBody<B, F>>, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self(state) = &mut *self;
        let in_flight = match state {
            State::Followed(in_flight) => in_flight,
            State::PassedThrough(inner) => {
                let response = ready!(inner.as_mut().poll(cx))?;
                return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
            }
            State::PassedThroughIn(inner) => {
                let response = ready!(inner.as_mut().poll(cx))?;
                return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
            }
            State::Completed => return polled_after_completion(),
        };
        let mut output = None;
        let polled = ready!(in_flight.as_mut().poll(cx, &mut output));
        let lifecycle = in_flight.as_mut().lifecycle();
        // Where it is: a response that was just changed stalls who moves it.
        match (polled, &mut output) {
            (Ok(()), Some(Ok(response))) => lifecycle.respond(response),
            (Ok(()), Some(Err(error))) => lifecycle.fail(error),
            (Ok(()), None) => {}
            (Err(panic), _) => {
                let response = lifecycle.respond_to_panic(panic);
                *state = State::Completed;
                return Poll::Ready(Ok(response.map(ResponseBody::of_bytes)));
            }
        }
        let State::Followed(in_flight) = std::mem::replace(state, State::Completed) else {
            return polled_after_completion();
        };
        match output {
            Some(Ok(response)) => {
                Poll::Ready(Ok(response.map(|body| ResponseBody::new(body, in_flight))))
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
        if let State::Followed(in_flight) = &self.0 {
            debug.field("in_flight", in_flight);
        }
        debug.finish_non_exhaustive()
    }
}
