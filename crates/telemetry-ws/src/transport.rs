//! What is asked of a socket in order to follow it.

use std::fmt::Display;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::sink::Sink;
use futures_util::stream::{FusedStream, Stream};

use crate::discard::Discarded;

/// A WebSocket of a library, as a [`TelemetrySocket`](crate::TelemetrySocket) wraps it: axum's
/// `WebSocket` with the feature `axum`, tokio-tungstenite's `WebSocketStream` with the feature
/// `tungstenite`. It cannot be implemented elsewhere.
pub trait Transport:
    Stream<Item = Result<Self::Message, Self::Failure>>
    + FusedStream
    + Sink<Self::Message, Error = Self::Failure>
    + Unpin
    + sealed::Sealed
{
    /// The library's message.
    type Message;
    /// The library's error.
    type Failure: Display;

    /// Looks into a message.
    #[doc(hidden)]
    fn view(message: &Self::Message) -> View<'_>;

    /// Makes a close message without a reason.
    #[doc(hidden)]
    fn close_message(code: u16) -> Self::Message;

    /// Makes a ping.
    #[doc(hidden)]
    fn ping_message(payload: Bytes) -> Self::Message;

    /// Says what an error means for the connection.
    #[doc(hidden)]
    fn meaning(error: &Self::Failure) -> Meaning;

    /// Reads and drops what the peer still sends, as far as the stream beneath can be reached:
    /// ready once the peer has sent a close frame, or the end of its stream.
    #[doc(hidden)]
    fn poll_discard(&mut self, discarded: &mut Discarded, cx: &mut Context<'_>) -> Poll<()>;

    /// Makes an error of one of ours.
    #[doc(hidden)]
    fn error(error: std::io::Error) -> Self::Failure;
}

pub(crate) mod sealed {
    /// Keeps others from implementing [`Transport`](super::Transport).
    pub trait Sealed {}
}

/// A message, as far as telemetry looks at it.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum View<'a> {
    /// A whole text.
    Text(&'a str),
    /// So many bytes.
    Binary(usize),
    /// The answer to a ping.
    Pong(&'a [u8]),
    /// The close frame, with its code if it has one.
    Close(Option<u16>),
    /// A ping, or a raw frame.
    Other,
}

/// What an error means for the connection.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The peer broke the protocol or a limit; RFC 6455, section 7.4.1, has this code for it.
    Violation(u16),
    /// The peer is gone.
    Gone,
    /// The connection was closed before.
    Closed,
    /// The call was refused, and the connection is as it was.
    Refused,
    /// Any of them: the library says it in words that are not known.
    Unknown,
}
