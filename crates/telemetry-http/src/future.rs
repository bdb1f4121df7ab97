//! The future of a response.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, header, response};
use http_body::Body;
use pin_project_lite::pin_project;
use telemetry_core::InScope;
use telemetry_core::panic::{self, Panic};

use crate::body::ResponseBody;
use crate::lifecycle::Lifecycle;
use crate::request_id::RequestId;

pin_project! {
    /// The response of the inner service, with the request id among its headers and a body
    /// that is followed to its end. Dropped before it is ready, it ends the request as
    /// cancelled.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        state: State<F>,
        // Behind the state: the handler is dropped before its request ends. Absent when
        // another layer further out has it.
        lifecycle: Option<Box<Lifecycle>>,
        id: Option<RequestId>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Pending { #[pin] inner: InScope<F> },
        PassThrough { #[pin] inner: F },
        // The service panicked when it was called.
        Panicked { panic: Option<Panic> },
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) fn new(
        called: Result<InScope<F>, Panic>,
        lifecycle: Box<Lifecycle>,
        id: RequestId,
    ) -> Self {
        Self {
            state: match called {
                Ok(inner) => State::Pending { inner },
                Err(panic) => State::Panicked { panic: Some(panic) },
            },
            lifecycle: Some(lifecycle),
            id: Some(id),
        }
    }

    pub(crate) fn pass_through(inner: F) -> Self {
        Self {
            state: State::PassThrough { inner },
            lifecycle: None,
            id: None,
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
        let result = match this.state.project() {
            StateProjection::PassThrough { inner } => {
                let response = ready!(inner.poll(cx))?;
                return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
            }
            StateProjection::Pending { inner } => match panic::catch(|| inner.poll(cx)) {
                Ok(polled) => Ok(ready!(polled)),
                Err(panic) => Err(panic),
            },
            StateProjection::Panicked { panic } => match panic.take() {
                Some(panic) => Err(panic),
                None => return polled_after_completion(),
            },
        };
        let (Some(mut lifecycle), Some(id)) = (this.lifecycle.take(), this.id.take()) else {
            return polled_after_completion();
        };
        let name = lifecycle.request_id_header();
        let mut response = match result {
            Ok(Ok(response)) => {
                let (mut head, body) = response.into_parts();
                lifecycle.respond(&mut head);
                let length = body.size_hint().exact().or_else(|| content_length(&head));
                Response::from_parts(head, ResponseBody::new(body, lifecycle, length))
            }
            Ok(Err(error)) => {
                lifecycle.fail(&error);
                return Poll::Ready(Err(error));
            }
            Err(panic) => lifecycle
                .respond_to_panic(&panic)
                .map(ResponseBody::of_bytes),
        };
        response.headers_mut().insert(name, id.into_header());
        Poll::Ready(Ok(response))
    }
}

fn content_length(head: &response::Parts) -> Option<u64> {
    let value = head.headers.get(header::CONTENT_LENGTH)?;
    value.to_str().ok()?.parse().ok()
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
