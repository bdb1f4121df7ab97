//! The body of an answer, which may end before its time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};

use crate::connection::Connection;

/// A body that is there from the start, and that can cut its connection instead of ending.
#[derive(Debug)]
pub(crate) struct AnswerBody {
    frames: VecDeque<Frame<Bytes>>,
    cut: Option<Arc<Connection>>,
}

impl AnswerBody {
    pub(crate) fn empty() -> Self {
        Self {
            frames: VecDeque::new(),
            cut: None,
        }
    }

    pub(crate) fn new(data: impl Into<Bytes>) -> Self {
        Self {
            frames: VecDeque::from([Frame::data(data.into())]),
            cut: None,
        }
    }

    pub(crate) fn with_trailers(mut self, trailers: HeaderMap) -> Self {
        self.frames.push_back(Frame::trailers(trailers));
        self
    }

    /// Closes the connection where the body would go on.
    pub(crate) fn cutting(mut self, connection: &Arc<Connection>) -> Self {
        self.cut = Some(Arc::clone(connection));
        self
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match (self.frames.pop_front(), &self.cut) {
            (Some(frame), _) => Poll::Ready(Some(Ok(frame))),
            (None, None) => Poll::Ready(None),
            (None, Some(connection)) => {
                connection.cut();
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frames.is_empty() && self.cut.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let trailers = self.frames.iter().any(Frame::is_trailers);
        let data = self.frames.iter().filter_map(Frame::data_ref);
        let size = data.map(|data| data.len() as u64).sum();
        if trailers || self.cut.is_some() {
            SizeHint::default()
        } else {
            SizeHint::with_exact(size)
        }
    }
}
