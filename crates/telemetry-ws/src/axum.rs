//! axum's sockets.

mod meaning;
mod rejection;
mod upgrade;

use std::io;
use std::task::{Context, Poll};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;

pub use rejection::UpgradeRejection;
pub use upgrade::TelemetryUpgrade;

use crate::discard::Discarded;
use crate::transport::{Meaning, Transport, View, sealed};

impl sealed::Sealed for WebSocket {}

impl Transport for WebSocket {
    type Message = Message;
    type Failure = axum::Error;

    fn view(message: &Message) -> View<'_> {
        match message {
            Message::Text(text) => View::Text(text),
            Message::Binary(bytes) => View::Binary(bytes.len()),
            Message::Ping(_) => View::Other,
            Message::Pong(payload) => View::Pong(payload),
            Message::Close(frame) => View::Close(frame.as_ref().map(|frame| frame.code)),
        }
    }

    fn close_message(code: u16) -> Message {
        Message::Close(Some(CloseFrame {
            code,
            reason: Utf8Bytes::default(),
        }))
    }

    fn ping_message(payload: Bytes) -> Message {
        Message::Ping(payload)
    }

    fn meaning(error: &axum::Error) -> Meaning {
        meaning::of(error)
    }

    // The stream beneath is out of reach: time must do.
    fn poll_discard(&mut self, _: &mut Discarded, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn error(error: io::Error) -> axum::Error {
        axum::Error::new(error)
    }
}
