//! Handlers that only send, and peers that close and go.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as ServerMessage};
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_core::testing::CapturedEvent;
use telemetry_ws::{TelemetrySocket, Transport, WebSocketTelemetry};

use crate::support::{Raw, Server, Socket, masked};

/// How a client leaves behind its last frame.
#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// It closes with messages of the server unread: the system resets the connection.
    Closing,
    /// It resets the connection.
    Resetting,
    /// It ends its half first, and closes later.
    HalfClosing,
}

const LEAVINGS: [Leaving; 3] = [Leaving::Closing, Leaving::Resetting, Leaving::HalfClosing];

/// Sends these bytes and leaves.
async fn leave(mut raw: Raw, bytes: &[u8], leaving: Leaving) {
    raw.next().await.unwrap();
    raw.send(bytes).await;
    match leaving {
        Leaving::Closing => {}
        Leaving::Resetting => raw.stream.set_zero_linger().unwrap(),
        Leaving::HalfClosing => {
            raw.leave().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn closing(code: u16) -> Vec<u8> {
    masked(0x88, &code.to_be_bytes())
}

/// Sends until that fails; gives the error.
async fn send_on<S: Transport>(
    socket: &mut TelemetrySocket<S>,
    message: impl Fn() -> S::Message,
) -> S::Failure {
    loop {
        if let Err(error) = socket.send(message()).await {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn tick() -> ServerMessage {
    ServerMessage::text("tick")
}

fn assert_closed(end: &CapturedEvent, code: u16, case: &str) {
    assert_eq!(end["close_code"], i64::from(code), "{case}: {end:?}");
    assert!(end.get("error").is_none(), "{case}: {end:?}");
    assert!(end.get("exception").is_none(), "{case}: {end:?}");
}

#[tokio::test]
async fn a_peer_that_closes_and_goes_is_no_error_of_a_handler_that_only_sends() {
    for leaving in LEAVINGS {
        for code in [1000, 4001] {
            let server = Server::start(|mut socket: Socket| async move {
                send_on(&mut socket, tick).await;
            })
            .await;
            let raw = server.connect_raw().await;
            leave(raw, &closing(code), leaving).await;
            let case = format!("{leaving:?} {code}");
            assert_closed(&server.ended().await, code, &case);
        }
    }
}

#[tokio::test]
async fn a_close_frame_is_found_behind_messages_and_pings_that_nobody_reads() {
    let before = [
        masked(0x89, b"ping"),
        masked(0x81, b"unread"),
        masked(0x89, b"again"),
        masked(0x01, b"in two"),
        masked(0x80, b" pieces"),
    ]
    .concat();
    for leaving in LEAVINGS {
        let server = Server::start(|mut socket: Socket| async move {
            send_on(&mut socket, tick).await;
        })
        .await;
        let raw = server.connect_raw().await;
        let bytes = [before.as_slice(), &closing(4001)].concat();
        leave(raw, &bytes, leaving).await;
        assert_closed(&server.ended().await, 4001, &format!("{leaving:?}"));
    }
}

#[tokio::test]
async fn a_sender_beside_a_reader_that_is_slow_or_gone_sees_no_error_either() {
    for is_read in [false, true] {
        let server = Server::start(move |socket: Socket| async move {
            let (mut sink, mut stream) = socket.split();
            while sink.send(tick()).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if is_read {
                // The messages are still the handler's.
                let message = stream.next().await.unwrap().unwrap();
                tracing::info!(message = message.to_text().unwrap());
                while stream.next().await.is_some() {}
            }
        })
        .await;
        let raw = server.connect_raw().await;
        let bytes = [
            masked(0x81, b"unread"),
            masked(0x89, b"ping"),
            closing(4001),
        ]
        .concat();
        leave(raw, &bytes, Leaving::Closing).await;
        let end = server.ended().await;
        assert_closed(&end, 4001, &format!("{is_read}"));
        assert_eq!(server.logs.named("unread").len(), usize::from(is_read));
    }
}

#[tokio::test]
async fn a_handler_that_closes_after_its_peer_has_gone_ends_with_the_peers_code() {
    let server = Server::start(|mut socket: Socket| async move {
        send_on(&mut socket, tick).await;
        let close = CloseFrame {
            code: 4000,
            reason: "late".into(),
        };
        let sent = socket.send(ServerMessage::Close(Some(close))).await;
        tracing::info!(is_sent = sent.is_ok(), "closed");
        let _closed = socket.close().await;
    })
    .await;
    let raw = server.connect_raw().await;
    leave(raw, &closing(4001), Leaving::Closing).await;
    assert_closed(&server.ended().await, 4001, "4001");
    assert_eq!(server.logs.single("closed")["is_sent"], false);
}

#[tokio::test]
async fn a_peer_that_goes_after_the_servers_close_is_no_error() {
    for leaving in LEAVINGS {
        let server = Server::start(|mut socket: Socket| async move {
            socket.send(tick()).await.unwrap();
            let close = CloseFrame {
                code: 4000,
                reason: "full".into(),
            };
            socket
                .send(ServerMessage::Close(Some(close)))
                .await
                .unwrap();
            let refused = send_on(&mut socket, tick).await;
            assert!(refused.to_string().contains("after closing"), "{refused}");
            while let Some(Ok(_)) = socket.recv().await {}
        })
        .await;
        let raw = server.connect_raw().await;
        leave(raw, &masked(0x81, b"too late"), leaving).await;
        assert_closed(&server.ended().await, 4000, &format!("{leaving:?}"));
    }
}

#[tokio::test]
async fn sending_after_the_peers_close_was_read_is_no_error() {
    for leaving in LEAVINGS {
        let server = Server::start(|mut socket: Socket| async move {
            socket.send(tick()).await.unwrap();
            while let Some(Ok(message)) = socket.recv().await {
                let error = send_on(&mut socket, tick).await;
                tracing::info!(%error, "refused");
                assert!(matches!(message, ServerMessage::Close(_)));
            }
            let error = send_on(&mut socket, tick).await;
            tracing::info!(%error, "refused");
        })
        .await;
        let raw = server.connect_raw().await;
        leave(raw, &closing(4001), leaving).await;
        assert_closed(&server.ended().await, 4001, &format!("{leaving:?}"));
        assert_eq!(
            server.logs.named("refused")[0]["error"],
            "WebSocket protocol error: Sending after closing is not allowed"
        );
    }
}

#[tokio::test]
async fn a_peer_that_goes_without_a_close_frame_is_an_error_of_a_handler_that_only_sends() {
    for leaving in LEAVINGS {
        let server = Server::start(|mut socket: Socket| async move {
            send_on(&mut socket, tick).await;
        })
        .await;
        let raw = server.connect_raw().await;
        leave(raw, &masked(0x81, b"unread"), leaving).await;
        let end = server.ended().await;
        assert_eq!(end["close_code"], 1006, "{leaving:?}");
        let error = end["error"].as_str().unwrap();
        assert!(error.starts_with("IO error: "), "{leaving:?}: {error}");
    }
}

#[tokio::test]
async fn a_panic_over_the_send_is_reported_beside_the_peers_code() {
    let server = Server::start(|mut socket: Socket| async move {
        let error = send_on(&mut socket, tick).await;
        panic!("not sent: {error}");
    })
    .await;
    let raw = server.connect_raw().await;
    leave(raw, &closing(4001), Leaving::Closing).await;
    let end = server.ended().await;
    assert_eq!(end["close_code"], 4001);
    let error = end["error"].as_str().unwrap();
    assert!(error.starts_with("panic: not sent: IO error"), "{error}");
    assert!(end.get("exception").is_some());
}

#[tokio::test]
async fn a_peer_that_closes_and_takes_nothing_has_closed() {
    let telemetry = WebSocketTelemetry::new().with_send_timeout(Duration::from_millis(100));
    let server = Server::start_with(telemetry, |mut socket: Socket| async move {
        let message = ServerMessage::binary(vec![0; 1 << 20]);
        while socket.send(message.clone()).await.is_ok() {}
    })
    .await;
    let mut raw = server.connect_raw().await;
    raw.send(&closing(4001)).await;
    assert_closed(&server.ended().await, 4001, "4001");
}

#[tokio::test]
async fn a_handler_that_returns_with_its_peers_close_unread_ends_with_it() {
    let (arrived, arrival) = tokio::sync::watch::channel(false);
    let server = Server::start(move |mut socket: Socket| {
        let mut arrival = arrival.clone();
        async move {
            socket.send(tick()).await.unwrap();
            arrival.wait_for(|arrived| *arrived).await.unwrap();
        }
    })
    .await;
    let mut raw = server.connect_raw().await;
    raw.next().await.unwrap();
    raw.send(&closing(4001)).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    arrived.send(true).unwrap();
    assert_eq!(raw.until_closed().await, [crate::support::close(4001)]);
    assert_closed(&server.ended().await, 4001, "4001");
}

#[cfg(feature = "tungstenite")]
mod tungstenite {
    use telemetry_core::testing::capture_logs;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::WebSocketStream;
    use tokio_tungstenite::tungstenite::{Error, Message};

    use super::*;
    use crate::support::soon;

    type Socket = TelemetrySocket<WebSocketStream<TcpStream>>;

    fn tick() -> Message {
        Message::text("tick")
    }

    /// Plays a client that sends these bytes and leaves, with a server that runs `handler`; gives
    /// the last line and what the handler gave.
    async fn play<T>(
        bytes: &[u8],
        leaving: Leaving,
        handler: impl AsyncFnOnce(Socket) -> T,
    ) -> (CapturedEvent, T) {
        let logs = capture_logs();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            let socket = WebSocketTelemetry::new().accept(stream, None).await;
            handler(socket.unwrap()).await
        };
        let client = async {
            let raw = Raw::connect(address, "/", "").await;
            leave(raw, bytes, leaving).await;
        };
        let (output, ()) = soon(async { tokio::join!(server, client) }).await;
        (logs.single("ws_disconnected"), output)
    }

    #[tokio::test]
    async fn the_error_of_a_send_is_the_handlers_and_not_the_connections() {
        for leaving in LEAVINGS {
            let (end, output) = play(&closing(4001), leaving, async |socket: Socket| {
                let run =
                    socket.run(async |mut socket| Err::<(), _>(send_on(&mut socket, tick).await));
                run.await.unwrap()
            })
            .await;
            assert!(matches!(output, Err(Error::Io(_))), "{output:?}");
            assert_closed(&end, 4001, &format!("{leaving:?}"));
        }
    }

    #[tokio::test]
    async fn a_socket_that_nothing_runs_finds_the_close_frame_when_it_is_dropped() {
        let bytes = [masked(0x89, b"ping"), closing(1000)].concat();
        for leaving in LEAVINGS {
            let (end, _) = play(&bytes, leaving, async |mut socket: Socket| {
                send_on(&mut socket, tick).await
            })
            .await;
            assert_closed(&end, 1000, &format!("{leaving:?}"));
        }
    }

    #[tokio::test]
    async fn a_lost_peer_without_a_close_frame_is_an_error() {
        for leaving in LEAVINGS {
            let (end, _) = play(
                &masked(0x89, b"ping"),
                leaving,
                async |mut socket: Socket| send_on(&mut socket, tick).await,
            )
            .await;
            assert_eq!(end["close_code"], 1006, "{leaving:?}");
            assert!(end.get("error").is_some(), "{leaving:?}");
        }
    }
}
