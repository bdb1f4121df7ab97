//! The body of a response, followed to its end.

use std::fmt::{self, Display};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::{Method, StatusCode};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::lifecycle::Lifecycle;

pin_project! {
    /// The body of the inner service, unchanged. Each part of it is produced with the
    /// request's scope current, and its end is the end of the request; dropped before, it
    /// ends the request as cancelled.
    ///
    /// Of the request it keeps what its line and span need: 32 KiB that the handler held are free by
    /// the time that there is a body. `Send`, `Sync` and `Unpin` where `B` is.
    pub struct ResponseBody<B> {
        #[pin]
        inner: Inner<B>,
        // Absent where nothing is to be followed.
        lifecycle: Option<Box<Lifecycle>>,
    }

    impl<B> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let Some(lifecycle) = this.lifecycle else { return };
            let dropped = lifecycle.in_scope(|lifecycle| {
                lifecycle.catch(|| this.inner.set(Inner::Bytes { bytes: Bytes::new() }))
            });
            match dropped {
                // A server that knows the length does not ask again after the last byte.
                Ok(()) if lifecycle.has_sent_all() => lifecycle.complete(),
                Ok(()) => {}
                Err(panic) => lifecycle.panicked_while_dropped(panic),
            }
        }
    }
}

/// The lifecycle of a request that has not ended.
fn followed(lifecycle: &mut Option<Box<Lifecycle>>) -> Option<&mut Lifecycle> {
    let lifecycle = lifecycle.as_deref_mut()?;
    (!lifecycle.has_ended()).then_some(lifecycle)
}

pin_project! {
    #[project = InnerProjection]
    enum Inner<B> {
        OfService { #[pin] body: B },
        // Of the response to a panic. Empty once it is taken.
        Bytes { bytes: Bytes },
    }
}

impl<B> ResponseBody<B> {
    pub(crate) fn pass_through(inner: B) -> Self {
        Self {
            inner: Inner::OfService { body: inner },
            lifecycle: None,
        }
    }

    pub(crate) fn of_bytes(bytes: Bytes) -> Self {
        Self {
            inner: Inner::Bytes { bytes },
            lifecycle: None,
        }
    }
}

impl<B: Body> ResponseBody<B> {
    /// Follows `body`.
    pub(crate) fn new(body: B, mut lifecycle: Box<Lifecycle>) -> Self {
        if is_never_sent(&lifecycle) {
            lifecycle.complete();
        } else if body.is_end_stream() {
            lifecycle.end_body();
        }
        Self {
            inner: Inner::OfService { body },
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
        let this = self.project();
        let mut inner = match this.inner.project() {
            InnerProjection::OfService { body } => body,
            InnerProjection::Bytes { bytes } => {
                let bytes = std::mem::take(bytes);
                let frame = (!bytes.is_empty()).then(|| Ok(Frame::data(bytes.into())));
                return Poll::Ready(frame);
            }
        };
        let Some(lifecycle) = followed(this.lifecycle) else {
            return inner.poll_frame(cx);
        };
        let mut polled = Poll::Pending;
        let caught = lifecycle.in_scope(|lifecycle| {
            let mut caught = lifecycle.catch(|| polled = inner.as_mut().poll_frame(cx));
            if let Err(panic) = &mut caught {
                lifecycle.panicked(panic);
                return caught;
            }
            match &polled {
                Poll::Pending => {}
                Poll::Ready(Some(Ok(frame))) => {
                    lifecycle.count(frame.data_ref().map_or(0, Buf::remaining));
                    if let Some(trailers) = frame.trailers_ref() {
                        lifecycle.read_trailers(trailers);
                    }
                    // Nothing follows trailers, and not everybody asks for it.
                    if frame.is_trailers() || inner.is_end_stream() {
                        lifecycle.end_body();
                    }
                }
                Poll::Ready(Some(Err(error))) => lifecycle.fail(error),
                Poll::Ready(None) => lifecycle.end_body(),
            }
            caught
        });
        // The head is sent: all that is left is to let the server break the connection.
        if let Err(panic) = caught {
            panic.resume();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::OfService { body } => body.is_end_stream(),
            Inner::Bytes { bytes } => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::OfService { body } => body.size_hint(),
            Inner::Bytes { bytes } => SizeHint::with_exact(bytes.len() as u64),
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
