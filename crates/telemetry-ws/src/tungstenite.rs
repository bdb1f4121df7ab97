//! tokio-tungstenite's sockets.

mod accept;
mod connect;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use crate::close_code::{INVALID, PROTOCOL, TOO_BIG};
use crate::discard::Discarded;
use crate::settings::Settings;
use crate::transport::{Meaning, Transport, View, sealed};

impl<T> sealed::Sealed for WebSocketStream<T> {}

impl<T: AsyncRead + AsyncWrite + Unpin> Transport for WebSocketStream<T> {
    type Message = Message;
    type Failure = Error;

    fn view(message: &Message) -> View<'_> {
        match message {
            Message::Text(text) => View::Text(text),
            Message::Binary(bytes) => View::Binary(bytes.len()),
            Message::Pong(payload) => View::Pong(payload),
            Message::Close(frame) => View::Close(frame.as_ref().map(|frame| frame.code.into())),
            Message::Ping(_) | Message::Frame(_) => View::Other,
        }
    }

    fn close_message(code: u16) -> Message {
        Message::Close(Some(CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::default(),
        }))
    }

    fn ping_message(payload: Bytes) -> Message {
        Message::Ping(payload)
    }

    fn meaning(error: &Error) -> Meaning {
        match error {
            Error::Capacity(_) => Meaning::Violation(TOO_BIG),
            Error::Utf8(_) => Meaning::Violation(INVALID),
            Error::ConnectionClosed | Error::AlreadyClosed => Meaning::Closed,
            Error::WriteBufferFull(_) | Error::Protocol(ProtocolError::SendAfterClosing) => {
                Meaning::Refused
            }
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Meaning::Gone,
            Error::Protocol(_) => Meaning::Violation(PROTOCOL),
            _ => Meaning::Gone,
        }
    }

    fn poll_discard(&mut self, discarded: &mut Discarded, cx: &mut Context<'_>) -> Poll<()> {
        let mut bytes = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(self.get_mut()).poll_read(cx, &mut buffer)) {
                Ok(()) if buffer.filled().is_empty() => return Poll::Ready(()),
                Ok(()) if discarded.ends_with_close(buffer.filled()) => return Poll::Ready(()),
                Ok(()) => {}
                Err(_) => return Poll::Ready(()),
            }
        }
    }

    fn error(error: io::Error) -> Error {
        Error::Io(error)
    }
}

/// The limits, in the words of the library.
fn config(settings: &Settings) -> WebSocketConfig {
    let mut config = WebSocketConfig::default();
    if let Some(bytes) = settings.max_message_size {
        config = config.max_message_size(Some(bytes));
    }
    if let Some(bytes) = settings.max_frame_size {
        config = config.max_frame_size(Some(bytes));
    }
    config
}
