//! The future of a response.

use std::fmt::{self, Display};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use telemetry_core::Scope;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::call::Call;
use crate::lifecycle::Lifecycle;

pin_project! {
    /// The response of the inner service, with the request id among its headers and a body that is
    /// followed to its end. Dropped before it is ready, it ends the request as cancelled.
    ///
    /// It has the future of the inner service in place, which is dropped when the response is there:
    /// `Send`, `Sync` and `Unpin` where that is.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        // In a box, since it goes on to the body. Absent then, and where another layer further out
        // has the request.
        lifecycle: Option<Box<Lifecycle>>,
        #[pin]
        call: Call<F>,
    }

    impl<F> PinnedDrop for ResponseFuture<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            // The handler is dropped before its request ends.
            if let Some(lifecycle) = this.lifecycle {
                this.call.cancel(lifecycle);
            }
        }
    }
}

impl<F> ResponseFuture<F> {
    /// Calls the service, for a request that this lifecycle is of.
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
        if let Some(lifecycle) = &mut this.lifecycle {
            this.call.start(lifecycle, service, request);
        }
        this
    }

    pub(crate) fn pass_through(inner: F) -> Self {
        Self {
            lifecycle: None,
            call: Call::Pending { inner },
        }
    }

    pub(crate) fn pass_through_in(scope: Scope, inner: F) -> Self
    where
        F: Future,
    {
        Self {
            lifecycle: None,
            call: Call::pending_in(scope, inner),
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
            let Some(polled) = this.call.poll(cx) else {
                return polled_after_completion();
            };
            let response = ready!(polled)?;
            return Poll::Ready(Ok(response.map(ResponseBody::pass_through)));
        };
        let mut output = None;
        let polled = ready!(this.call.poll_of(lifecycle, cx, &mut output));
        let Some(mut lifecycle) = this.lifecycle.take() else {
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
        f.debug_struct("ResponseFuture")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}
