//! Errors in words that are not known.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Sink, SinkExt as _, Stream, StreamExt as _, stream::FusedStream};
use telemetry_core::Scope;
use telemetry_core::testing::{CapturedEvent, LogCapture, capture_logs};
use tokio::io::{AsyncWriteExt as _, DuplexStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error as Cause, Message};

use super::*;
use crate::recording::{Recording, Role as RecordingRole};
use crate::socket::TelemetrySocket;
use crate::transport::sealed;

type Inner = WebSocketStream<DuplexStream>;

/// A socket of tungstenite whose errors are in words that nobody knows.
struct Foreign(Inner);

fn foreign(error: &Cause) -> String {
    format!("foreign: {error}")
}

impl Stream for Foreign {
    type Item = Result<Message, String>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let polled = self.0.poll_next_unpin(cx);
        polled.map(|next| next.map(|next| next.map_err(|error| foreign(&error))))
    }
}

impl FusedStream for Foreign {
    fn is_terminated(&self) -> bool {
        self.0.is_terminated()
    }
}

impl Sink<Message> for Foreign {
    type Error = String;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.0.poll_ready_unpin(cx).map_err(|error| foreign(&error))
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), String> {
        self.0
            .start_send_unpin(message)
            .map_err(|error| foreign(&error))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.0.poll_flush_unpin(cx).map_err(|error| foreign(&error))
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        self.0.poll_close_unpin(cx).map_err(|error| foreign(&error))
    }
}

impl sealed::Sealed for Foreign {}

impl Transport for Foreign {
    type Message = Message;
    type Failure = String;

    fn view(message: &Message) -> View<'_> {
        Inner::view(message)
    }

    fn close_message(code: u16) -> Message {
        Inner::close_message(code)
    }

    fn ping_message(payload: Bytes) -> Message {
        Inner::ping_message(payload)
    }

    fn meaning(_: &String) -> Meaning {
        Meaning::Unknown
    }

    fn poll_discard(&mut self, discarded: &mut Discarded, cx: &mut Context<'_>) -> Poll<()> {
        self.0.poll_discard(discarded, cx)
    }

    fn error(error: Error) -> String {
        error.to_string()
    }
}

/// Plays a peer with a server whose messages have 8 bytes at most; gives the last line, and the
/// code that the peer was closed with.
async fn play<F>(logs: &LogCapture, peer: impl FnOnce(Inner) -> F) -> (CapturedEvent, Option<u16>)
where
    F: Future<Output = Option<Inner>>,
{
    let before = logs.named("ws_disconnected").len();
    let (ours, theirs) = tokio::io::duplex(1024);
    let config = WebSocketConfig::default().max_message_size(Some(8));
    let socket = Inner::from_raw_socket(ours, Role::Server, Some(config)).await;
    let peer_socket = Inner::from_raw_socket(theirs, Role::Client, None).await;
    let server = TelemetrySocket::new(
        Foreign(socket),
        Scope::builder().build(),
        Arc::new(Settings::default()),
        Recording::new(RecordingRole::Server, None),
        None,
    )
    .run(async |mut socket| while let Some(Ok(_)) = socket.recv().await {});
    let client = async {
        let mut code = None;
        if let Some(mut peer) = peer(peer_socket).await {
            while let Some(Ok(message)) = peer.next().await {
                if let Message::Close(Some(close)) = message {
                    code = Some(close.code.into());
                }
            }
        }
        code
    };
    let (_, code) = tokio::join!(server, client);
    (logs.named("ws_disconnected")[before].clone(), code)
}

#[tokio::test]
async fn an_error_that_is_not_known_closes_with_1002_where_the_peer_is_there_and_is_warned_of_once()
{
    let logs = capture_logs();
    let bad_text = Frame::message(&b"\xff"[..], OpCode::Data(Data::Text), true);
    for message in [Message::text("too large"), Message::Frame(bad_text)] {
        let (end, code) = play(&logs, async |mut peer: Inner| {
            peer.send(message).await.unwrap();
            Some(peer)
        })
        .await;
        assert_eq!(code, Some(1002));
        assert_eq!(end["close_code"], 1002);
        let error = end["error"].as_str().unwrap();
        assert!(error.starts_with("foreign: "), "{error}");
    }
    // It ends its half, or all, without a close frame.
    for is_half in [true, false] {
        let (end, code) = play(&logs, async move |mut peer: Inner| {
            peer.get_mut().shutdown().await.unwrap();
            is_half.then_some(peer)
        })
        .await;
        assert_eq!(code, None);
        assert_eq!(end["close_code"], 1006);
        let error = end["error"].as_str().unwrap();
        assert!(error.contains("without closing handshake"), "{error}");
    }
    let (end, _) = play(&logs, async |mut peer: Inner| {
        peer.close(None).await.unwrap();
        Some(peer)
    })
    .await;
    assert_eq!(end["close_code"], 1005);
    assert!(end.get("error").is_none(), "{end:?}");
    let warning = logs.single("ws_error_unrecognized");
    assert_eq!(
        warning["error"],
        "foreign: Space limit exceeded: Message too long: 9 > 8"
    );
}
