//! axum's sockets.

mod rejection;
mod upgrade;

use std::io;
use std::task::{Context, Poll};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use tungstenite_of_axum::Error as Cause;
use tungstenite_of_axum::error::ProtocolError;

pub use rejection::UpgradeRejection;
pub use upgrade::TelemetryUpgrade;

use crate::close_code::{INVALID, PROTOCOL, TOO_BIG};
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

    fn close_message(code: u16, reason: &'static str) -> Message {
        Message::Close(Some(CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        }))
    }

    fn ping_message(payload: Bytes) -> Message {
        Message::Ping(payload)
    }

    fn meaning(error: &axum::Error) -> Meaning {
        let cause = std::error::Error::source(error);
        match cause.and_then(|cause| cause.downcast_ref::<Cause>()) {
            Some(Cause::Capacity(_)) => Meaning::Violation(TOO_BIG),
            Some(Cause::Utf8(_)) => Meaning::Violation(INVALID),
            Some(Cause::ConnectionClosed | Cause::AlreadyClosed) => Meaning::Closed,
            Some(Cause::WriteBufferFull(_) | Cause::Protocol(ProtocolError::SendAfterClosing)) => {
                Meaning::Refused
            }
            Some(Cause::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Meaning::Gone,
            Some(Cause::Protocol(_)) => Meaning::Violation(PROTOCOL),
            _ => Meaning::Gone,
        }
    }

    // The stream beneath is out of reach: time must do.
    fn poll_discard(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }

    fn error(error: io::Error) -> axum::Error {
        axum::Error::new(error)
    }
}
