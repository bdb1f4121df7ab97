//! The end of all connections.

use std::time::Duration;

use axum::extract::ws::Message as ServerMessage;
use telemetry_ws::{ConnectionTracker, WebSocketTelemetry};
use tokio::sync::mpsc;

use crate::support::{Raw, SOON, Server, Socket, close, close_code, echo, masked, soon};

#[tokio::test]
async fn every_peer_is_told_that_the_server_goes_away() {
    let server = Server::start(echo).await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        clients.push(server.connect().await);
    }
    assert_eq!(server.tracker.open_connections(), 20);
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut client| telemetry_core::spawn(async move { close_code(&mut client).await }))
        .collect();
    assert_eq!(server.tracker.shutdown(SOON).await, 0);
    assert_eq!(server.tracker.open_connections(), 0);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), Some(1001));
    }
    let ends = server.logs.named("ws_disconnected");
    assert_eq!(ends.len(), 20);
    assert!(ends.iter().all(|end| end["close_code"] == 1001));
}

#[tokio::test]
async fn a_handler_that_does_not_look_at_its_socket_closes_all_the_same() {
    let (events, receiver) = mpsc::unbounded_channel::<ServerMessage>();
    let receiver = std::sync::Arc::new(tokio::sync::Mutex::new(receiver));
    let server = Server::start(move |mut socket: Socket| {
        let receiver = std::sync::Arc::clone(&receiver);
        async move {
            while let Some(event) = receiver.lock().await.recv().await {
                if socket.send(event).await.is_err() {
                    tracing::info!("send_refused");
                    return;
                }
            }
        }
    })
    .await;
    let mut raw = server.connect_raw().await;
    server.logs.wait_for("ws_connected").await;
    let tracker = server.tracker.clone();
    let shutdown = telemetry_core::spawn(async move { tracker.shutdown(SOON).await });
    assert_eq!(raw.next().await, Some(close(1001)));
    events.send(ServerMessage::text("late")).unwrap();
    assert_eq!(shutdown.await.unwrap(), 0);
    server.logs.single("send_refused");
    assert_eq!(server.ended().await["close_code"], 1001);
}

#[tokio::test]
async fn a_handler_that_does_not_end_is_dropped_at_the_deadline() {
    struct Dropped;
    impl Drop for Dropped {
        fn drop(&mut self) {
            tracing::info!("handler_dropped");
        }
    }
    let server = Server::start(|socket: Socket| async move {
        let (_dropped, _socket) = (Dropped, socket);
        std::future::pending::<()>().await;
    })
    .await;
    let mut raw = server.connect_raw().await;
    server.logs.wait_for("ws_connected").await;
    let late = server.tracker.shutdown(Duration::from_millis(50)).await;
    assert_eq!(late, 1);
    assert_eq!(server.tracker.open_connections(), 0);
    assert_eq!(raw.until_closed().await, [close(1001)]);
    let end = server.logs.single("ws_disconnected");
    assert_eq!(end["close_code"], 1001);
    let dropped = server.logs.single("handler_dropped");
    assert_eq!(dropped["ws.conn_id"], end["ws.conn_id"]);
}

#[tokio::test]
async fn a_task_that_keeps_the_socket_loses_it_at_the_deadline() {
    let server = Server::start(|mut socket: Socket| async move {
        telemetry_core::spawn(async move {
            while socket.recv().await.is_some() {}
            let refused = socket.send(ServerMessage::text("late")).await;
            tracing::info!(error = %refused.unwrap_err(), "task_ended");
        });
    })
    .await;
    // It does not answer the close frame.
    let _raw = server.connect_raw().await;
    server.logs.wait_for("ws_connected").await;
    assert_eq!(server.tracker.shutdown(Duration::from_millis(50)).await, 1);
    let ended = server.logs.wait_for("task_ended").await;
    assert_eq!(ended["error"], "the connection has ended");
    server.ended().await;
}

#[tokio::test]
async fn a_message_that_is_being_sent_goes_out_before_the_close() {
    const BYTES: usize = 32 << 20;
    let server = Server::start(|mut socket: Socket| async move {
        let sent = socket.send(ServerMessage::binary(vec![7; BYTES])).await;
        tracing::info!(is_ok = sent.is_ok(), "sent");
        while socket.recv().await.is_some() {}
    })
    .await;
    let mut raw = server.connect_raw().await;
    // Its beginning is here, and the whole is more than the system takes.
    let mut beginning = [0];
    soon(raw.stream.peek(&mut beginning)).await.unwrap();
    let mut shutdown = std::pin::pin!(server.tracker.shutdown(SOON));
    assert!(futures_util::poll!(shutdown.as_mut()).is_pending());
    assert!(server.logs.named("sent").is_empty());
    let client = async {
        assert_eq!(raw.next().await.unwrap().payload.len(), BYTES);
        assert_eq!(raw.next().await, Some(close(1001)));
        raw.send(&masked(0x88, &1001_u16.to_be_bytes())).await;
        raw.until_closed().await
    };
    let (late, frames) = tokio::join!(shutdown, client);
    assert_eq!((late, frames.len()), (0, 0));
    assert_eq!(server.logs.single("sent")["is_ok"], true);
    assert_eq!(server.ended().await["close_code"], 1001);
}

#[tokio::test]
async fn after_the_shutdown_no_connection_begins() {
    let server = Server::start(echo).await;
    assert_eq!(server.tracker.shutdown(SOON).await, 0);
    let (_, head) = Raw::request(server.address, "/ws/draft/12/", "").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(head.contains("\r\nx-request-id: "), "{head}");
    assert_eq!(server.logs.named("ws_connected").len(), 0);
}

#[tokio::test]
async fn a_tracker_without_connections_ends_at_once() {
    let tracker = ConnectionTracker::new();
    let _settings = WebSocketTelemetry::new().with_tracker(tracker.clone());
    assert_eq!(tracker.shutdown(Duration::MAX).await, 0);
}

#[tokio::test]
async fn a_peer_that_does_not_go_does_not_hold_up_the_end() {
    let telemetry = WebSocketTelemetry::new().with_close_timeout(Duration::from_millis(50));
    let server = Server::start_with(telemetry, |mut socket: Socket| async move {
        while socket.recv().await.is_some() {}
        tracing::info!("handler_ended");
    })
    .await;
    // It does not answer the close frame.
    let mut raw = server.connect_raw().await;
    server.logs.wait_for("ws_connected").await;
    assert_eq!(soon(server.tracker.shutdown(SOON * 10)).await, 0);
    server.logs.single("handler_ended");
    let end = server.logs.single("ws_disconnected");
    assert_eq!(end["close_code"], 1001);
    assert_eq!(raw.until_closed().await, [close(1001)]);
}
