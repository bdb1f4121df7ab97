//! Each way in which a connection ends: one line, with the right code.

use axum::extract::ws::{CloseFrame, Message as ServerMessage};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio_tungstenite::tungstenite::protocol::CloseFrame as ClientCloseFrame;

use crate::support::{Message, Server, Socket, close_code, echo, masked, soon};

/// Sends some messages back and forth.
async fn talk(client: &mut crate::support::Client) {
    for text in ["one", "two", "three"] {
        client.send(Message::text(text)).await.unwrap();
        let answer = soon(client.next()).await.unwrap().unwrap();
        assert_eq!(answer, Message::text(text));
    }
}

#[tokio::test]
async fn a_client_that_closes_is_answered_and_its_code_shown() {
    for code in [1000, 1001, 4001] {
        let server = Server::start(echo).await;
        let mut client = server.connect().await;
        talk(&mut client).await;
        let close = ClientCloseFrame {
            code: code.into(),
            reason: "done".into(),
        };
        client.send(Message::Close(Some(close))).await.unwrap();
        assert_eq!(close_code(&mut client).await, Some(code));
        let end = server.ended().await;
        assert_eq!(end["close_code"], i64::from(code));
        assert_eq!(end["messages_received"], 3);
        assert_eq!(end["messages_sent"], 3);
        assert_eq!(end["bytes_received"], 11);
        assert_eq!(end["bytes_sent"], 11);
        assert!(end.get("error").is_none(), "{end:?}");
    }
}

#[tokio::test]
async fn a_close_frame_without_a_code_is_1005() {
    let server = Server::start(echo).await;
    let mut client = server.connect().await;
    talk(&mut client).await;
    client.close(None).await.unwrap();
    assert_eq!(close_code(&mut client).await, None);
    assert_eq!(server.ended().await["close_code"], 1005);
}

#[tokio::test]
async fn a_handler_that_closes_says_with_what() {
    let server = Server::start(|mut socket: Socket| async move {
        let close = CloseFrame {
            code: 4000,
            reason: "full".into(),
        };
        socket
            .send(ServerMessage::Close(Some(close)))
            .await
            .unwrap();
        while let Some(Ok(_)) = socket.recv().await {}
    })
    .await;
    let mut client = server.connect().await;
    assert_eq!(close_code(&mut client).await, Some(4000));
    assert_eq!(server.ended().await["close_code"], 4000);
}

#[tokio::test]
async fn a_handler_that_returns_without_closing_closes_normally() {
    let server = Server::start(|mut socket: Socket| async move {
        socket.recv().await.unwrap().unwrap();
    })
    .await;
    let mut client = server.connect().await;
    client.send(Message::text("bye")).await.unwrap();
    assert_eq!(close_code(&mut client).await, Some(1000));
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1000);
    assert!(end.get("error").is_none(), "{end:?}");
}

#[tokio::test]
async fn a_handler_that_returns_at_the_close_of_its_peer_answers_it_all_the_same() {
    let server = Server::start(|mut socket: Socket| async move {
        socket.recv().await.unwrap().unwrap();
    })
    .await;
    let mut raw = server.connect_raw().await;
    raw.send(&masked(0x88, &1000_u16.to_be_bytes())).await;
    assert_eq!(raw.until_closed().await, [crate::support::close(1000)]);
    assert_eq!(server.ended().await["close_code"], 1000);
}

#[tokio::test]
async fn a_panic_of_the_handler_closes_with_1011_and_is_reported() {
    let server = Server::start(|mut socket: Socket| async move {
        socket.recv().await.unwrap().unwrap();
        panic!("on purpose");
    })
    .await;
    let mut client = server.connect().await;
    client.send(Message::text("now")).await.unwrap();
    assert_eq!(close_code(&mut client).await, Some(1011));
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1011);
    assert_eq!(end["error"], "panic: on purpose");
    let exception = end["exception"].as_str().unwrap();
    assert!(exception.starts_with("panicked at "), "{exception}");
}

#[tokio::test]
async fn a_panic_of_the_handlers_destructor_closes_with_1011_and_is_reported() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("as it was dropped");
        }
    }
    let server = Server::start(|mut socket: Socket| async move {
        let _panics = Panics;
        socket.recv().await.unwrap().unwrap();
    })
    .await;
    let mut client = server.connect().await;
    client.send(Message::text("now")).await.unwrap();
    assert_eq!(close_code(&mut client).await, Some(1011));
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1011);
    assert_eq!(end["error"], "panic: as it was dropped");
}

#[tokio::test]
async fn a_panic_of_a_task_that_has_the_socket_closes_with_1011() {
    let server = Server::start(|mut socket: Socket| async move {
        telemetry_core::spawn(async move {
            socket.recv().await.unwrap().unwrap();
            panic!("on purpose");
        });
    })
    .await;
    let mut client = server.connect().await;
    client.send(Message::text("now")).await.unwrap();
    assert_eq!(close_code(&mut client).await, Some(1011));
    assert_eq!(server.ended().await["close_code"], 1011);
}

#[tokio::test]
async fn a_peer_that_resets_the_connection_is_1006() {
    let server = Server::start(echo).await;
    let mut raw = server.connect_raw().await;
    raw.send(&masked(0x81, b"hello")).await;
    raw.next().await.unwrap();
    raw.stream.set_zero_linger().unwrap();
    drop(raw);
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1006);
    assert_eq!(end["messages_received"], 1);
    assert!(end.get("error").is_some(), "{end:?}");
}

#[tokio::test]
async fn a_peer_that_leaves_without_a_close_frame_is_1006() {
    let server = Server::start(echo).await;
    let mut raw = server.connect_raw().await;
    raw.stream.shutdown().await.unwrap();
    assert_eq!(raw.until_closed().await, []);
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1006);
    let error = end["error"].as_str().unwrap();
    assert!(error.contains("without closing handshake"), "{error}");
}

#[tokio::test]
async fn what_breaks_the_protocol_is_told_so() {
    for (bytes, code) in [
        // A reserved opcode, a text that is no UTF-8, half a character.
        (masked(0x83, b"x"), 1002),
        (masked(0x81, b"\xff"), 1007),
        (masked(0x81, &"ü".as_bytes()[..1]), 1007),
    ] {
        let server = Server::start(echo).await;
        let mut raw = server.connect_raw().await;
        raw.send(&bytes).await;
        assert_eq!(raw.until_closed().await, [crate::support::close(code)]);
        let end = server.ended().await;
        assert_eq!(end["close_code"], i64::from(code));
        assert!(end.get("error").is_some(), "{end:?}");
    }
}

#[tokio::test]
async fn a_socket_in_tasks_outlives_its_handler() {
    let server = Server::start(|socket: Socket| async move {
        let (mut sink, mut stream) = socket.split();
        telemetry_core::spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                if sink.send(message).await.is_err() {
                    break;
                }
            }
            tracing::info!("task_done");
        });
        tracing::info!("handler_done");
    })
    .await;
    let mut client = server.connect().await;
    let done = server.logs.wait_for("handler_done").await;
    talk(&mut client).await;
    client.close(None).await.unwrap();
    let end = server.ended().await;
    assert_eq!(end["messages_sent"], 3);
    let task = server.logs.single("task_done");
    for line in [done, task] {
        assert_eq!(line["ws.conn_id"], end["ws.conn_id"]);
    }
}

#[tokio::test]
async fn a_handler_that_goes_on_after_its_socket_does_not_hold_the_connection() {
    let (finish, finished) = tokio::sync::oneshot::channel::<()>();
    let finished = std::sync::Arc::new(tokio::sync::Mutex::new(Some(finished)));
    let server = Server::start(move |socket: Socket| {
        let finished = std::sync::Arc::clone(&finished);
        async move {
            drop(socket);
            let finished = finished.lock().await.take().unwrap();
            finished.await.unwrap();
        }
    })
    .await;
    let mut client = server.connect().await;
    assert_eq!(close_code(&mut client).await, Some(1000));
    server.logs.wait_for("ws_disconnected").await;
    assert_eq!(
        server.tracker.open_connections(),
        1,
        "the handler still runs"
    );
    finish.send(()).unwrap();
    server.ended().await;
}

#[tokio::test]
async fn a_peer_that_does_not_answer_the_close_is_left_in_time() {
    let telemetry = telemetry_ws::WebSocketTelemetry::new()
        .with_close_timeout(std::time::Duration::from_millis(50));
    let server = Server::start_with(telemetry, |_: Socket| async {}).await;
    let mut raw = server.connect_raw().await;
    assert_eq!(raw.until_closed().await, [crate::support::close(1000)]);
    assert_eq!(server.ended().await["close_code"], 1000);
}

#[tokio::test]
async fn the_close_frame_of_a_violation_arrives_whatever_waits_before_and_behind_it() {
    let server = Server::start(echo).await;
    for _ in 0..20 {
        let played = (0..50).map(|_| {
            let address = server.address;
            telemetry_core::spawn(async move {
                let mut raw = crate::support::Raw::connect(address, "/ws/draft/12/", "").await;
                let bytes = [masked(0x81, b"fine"), masked(0xc1, b"x"), vec![0; 1000]];
                raw.send(&bytes.concat()).await;
                raw.until_closed().await
            })
        });
        for frames in played.collect::<Vec<_>>() {
            let frames = frames.await.unwrap();
            assert_eq!(frames.last(), Some(&crate::support::close(1002)));
        }
    }
    assert_eq!(server.tracker.shutdown(crate::support::SOON).await, 0);
}
