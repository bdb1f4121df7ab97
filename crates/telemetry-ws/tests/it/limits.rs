//! What is asked of peers: sizes, and that they are there.

use std::time::Duration;

use axum::extract::ws::Message as ServerMessage;
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_ws::WebSocketTelemetry;

use crate::support::{Message, Server, Socket, close, close_code, echo, masked, soon};

#[tokio::test]
async fn a_message_above_the_limit_closes_with_1009() {
    let telemetry = WebSocketTelemetry::new().with_max_message_size(8);
    let server = Server::start_with(telemetry, echo).await;
    let mut raw = server.connect_raw().await;
    raw.send(&masked(0x81, b"12345678")).await;
    assert_eq!(raw.next().await.unwrap().payload, b"12345678");
    // In two frames, each of them below the limit.
    raw.send(&masked(0x01, b"12345")).await;
    raw.send(&masked(0x80, b"6789")).await;
    assert_eq!(raw.until_closed().await, [close(1009)]);
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1009);
    assert_eq!(end["messages_received"], 1);
    let error = end["error"].as_str().unwrap();
    assert!(error.contains("9 > 8"), "{error}");
}

#[tokio::test]
async fn a_frame_above_the_limit_closes_with_1009() {
    let telemetry = WebSocketTelemetry::new().with_max_frame_size(8);
    let server = Server::start_with(telemetry, echo).await;
    let mut client = server.connect().await;
    client.send(Message::binary(vec![0; 9])).await.unwrap();
    assert_eq!(close_code(&mut client).await, Some(1009));
    assert_eq!(server.ended().await["close_code"], 1009);
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_gone() {
    let telemetry = WebSocketTelemetry::new().with_idle_timeout(Duration::from_millis(100));
    let server = Server::start_with(telemetry, echo).await;
    let mut raw = server.connect_raw().await;
    let ping = raw.next().await.unwrap();
    assert_eq!(ping.head, 0x89);
    assert_eq!(raw.until_closed().await, []);
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1006);
    assert_eq!(end["error"], "the peer does not answer");
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays_and_the_handler_sees_nothing_of_it() {
    let telemetry = WebSocketTelemetry::new().with_idle_timeout(Duration::from_secs(2));
    let server = Server::start_with(telemetry, |mut socket: Socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if let ServerMessage::Pong(payload) = message {
                assert_eq!(&payload[..], b"own");
            } else if socket.send(message).await.is_err() {
                break;
            }
        }
    })
    .await;
    let mut client = server.connect().await;
    // One each second: it stays for longer than the timeout.
    for _ in 0..3 {
        let message = soon(client.next()).await.unwrap().unwrap();
        assert!(message.is_ping(), "{message}");
    }
    client.send(Message::Pong("own".into())).await.unwrap();
    client.send(Message::text("still here")).await.unwrap();
    loop {
        let message = soon(client.next()).await.unwrap().unwrap();
        if !message.is_ping() {
            assert_eq!(message, Message::text("still here"));
            break;
        }
    }
    client.close(None).await.unwrap();
    close_code(&mut client).await;
    assert_eq!(server.ended().await["messages_received"], 1);
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_gone_when_sending_has_a_bound() {
    let telemetry = WebSocketTelemetry::new().with_send_timeout(Duration::from_millis(100));
    let server = Server::start_with(telemetry, |mut socket: Socket| async move {
        let message = ServerMessage::binary(vec![0; 1 << 20]);
        while socket.send(message.clone()).await.is_ok() {}
    })
    .await;
    let _raw = server.connect_raw().await;
    let end = server.ended().await;
    assert_eq!(end["close_code"], 1006);
    assert_eq!(end["error"], "the peer takes nothing");
}
