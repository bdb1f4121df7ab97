//! The body of a response, followed to its end.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::{Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use telemetry_core::panic;

use crate::lifecycle::Lifecycle;

pin_project! {
    /// The body of the inner service, unchanged. Each part of it is produced with the
    /// request's scope current, and its end is the end of the request; dropped before, it
    /// ends the request as cancelled.
    pub struct ResponseBody<B> {
        // Absent once it was dropped within its scope, and in the response to a panic.
        #[pin]
        inner: Option<B>,
        // The body of the response to a panic.
        bytes: Option<Bytes>,
        // Absent where nothing is to be followed.
        lifecycle: Option<Box<Lifecycle>>,
        // How many bytes are still to come, when their number is known.
        left: Option<u64>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(mut lifecycle) = this.lifecycle.take() else { return };
            if lifecycle.has_ended() {
                return;
            }
            lifecycle.scope.in_scope(|| this.inner.set(None));
            // A server that knows the length does not ask again after the last byte.
            if *this.left == Some(0) {
                lifecycle.complete();
            }
        }
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn pass_through(inner: B) -> Self {
        Self {
            inner: Some(inner),
            bytes: None,
            lifecycle: None,
            left: None,
        }
    }

    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        Self {
            inner: None,
            bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
            lifecycle: None,
            left: None,
        }
    }
}

impl<B: Body> ResponseBody<B> {
    /// Follows `inner`, whose length may be known.
    pub(crate) fn new(inner: B, mut lifecycle: Box<Lifecycle>, length: Option<u64>) -> Self {
        if inner.is_end_stream() || is_never_sent(&lifecycle) {
            lifecycle.complete();
        }
        Self {
            left: length,
            inner: Some(inner),
            bytes: None,
            lifecycle: Some(lifecycle),
        }
    }
}

/// Says whether the server drops the body of this response unread (RFC 9110, section 6.4.1).
fn is_never_sent(lifecycle: &Lifecycle) -> bool {
    let has_no_content = |status: StatusCode| {
        status.is_informational()
            || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
    };
    lifecycle.method == Method::HEAD || lifecycle.status.is_some_and(has_no_content)
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Data: From<Bytes>,
    B::Error: Display,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(mut inner) = this.inner.as_mut().as_pin_mut() else {
            let bytes = this.bytes.take();
            return Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes.into()))));
        };
        let Some(lifecycle) = this.lifecycle.as_mut().filter(|one| !one.has_ended()) else {
            return inner.poll_frame(cx);
        };
        let scope = lifecycle.scope.clone();
        let polled = scope.in_scope(|| {
            let polled = panic::catch(|| inner.as_mut().poll_frame(cx));
            match &polled {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(Some(Ok(frame)))) => {
                    let length = frame.data_ref().map_or(0, Buf::remaining);
                    lifecycle.count(length);
                    *this.left = this.left.map(|left| left.saturating_sub(length as u64));
                    if inner.is_end_stream() {
                        lifecycle.complete();
                    }
                }
                Ok(Poll::Ready(Some(Err(error)))) => lifecycle.fail(error),
                Ok(Poll::Ready(None)) => lifecycle.complete(),
                Err(panic) => lifecycle.panicked(panic),
            }
            polled
        });
        // The head is sent: all that is left is to let the server break the connection.
        polled.unwrap_or_else(|panic| panic.resume())
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Some(inner) => inner.is_end_stream(),
            None => self.bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Some(inner) => inner.size_hint(),
            None => SizeHint::with_exact(self.bytes.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody")
            .field("lifecycle", &self.lifecycle)
            .finish_non_exhaustive()
    }
}
