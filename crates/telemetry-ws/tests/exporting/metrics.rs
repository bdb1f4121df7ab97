//! The metrics of connections.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as ServerMessage};
use futures_util::{SinkExt as _, StreamExt as _};
use opentelemetry::Value;
use telemetry_otel::testing::{MetricCapture, capture_metrics, sorted};
use telemetry_ws::WebSocketTelemetry;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame as ClientCloseFrame;

use crate::{SOON, Socket, connect, serve};

fn sum(metrics: &MetricCapture, name: &str, direction: &str) -> f64 {
    let measurements = metrics.named(name).into_iter();
    measurements
        .filter(|one| {
            assert_eq!(one.attributes.len(), 1, "{one}");
            one.get("network.io.direction") == Some(&direction.to_owned().into())
        })
        .map(|one| one.value)
        .sum()
}

async fn echo(mut socket: Socket) {
    telemetry_core::bind("http.route", "mine");
    while let Some(Ok(message)) = socket.recv().await {
        let is_data = matches!(message, ServerMessage::Text(_) | ServerMessage::Binary(_));
        if is_data && socket.send(message).await.is_err() {
            break;
        }
    }
}

#[tokio::test]
async fn connections_messages_and_bytes_are_counted_without_the_context() {
    let metrics = capture_metrics();
    let (address, tracker) = serve(echo).await;
    let mut client = connect(address, "01").await;
    for text in ["one", "two", "three"] {
        client.send(Message::text(text)).await.unwrap();
        client.next().await.unwrap().unwrap();
    }
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    assert_eq!(tracker.shutdown(SOON).await, 0);

    let active = metrics.named("websocket.server.active_connections");
    assert_eq!(
        metrics.values("websocket.server.active_connections"),
        [1.0, -1.0]
    );
    assert!(
        active
            .iter()
            .all(|one| one.unit == "{connection}" && one.attributes.is_empty())
    );
    assert_eq!(
        metrics.named("websocket.server.messages")[0].unit,
        "{message}"
    );
    assert_eq!(metrics.named("websocket.server.io")[0].unit, "By");
    for (name, expected) in [
        ("websocket.server.messages", 3.0),
        ("websocket.server.io", 11.0),
    ] {
        assert_eq!(sum(&metrics, name, "receive"), expected);
        assert_eq!(sum(&metrics, name, "transmit"), expected);
    }
    let duration = metrics.single("websocket.server.connection.duration");
    assert_eq!(duration.unit, "s");
    assert!((0.0..60.0).contains(&duration.value), "{duration}");
    assert_eq!(
        sorted(&duration.attributes),
        [
            ("http.route", Value::from("/ws/draft/{id}/")),
            ("websocket.close_code", Value::I64(1005)),
        ]
    );
}

#[tokio::test]
async fn what_a_peer_makes_up_makes_no_time_series() {
    for (sent, counted) in [(1000, 1000), (3123, 3000), (4321, 4000)] {
        let metrics = capture_metrics();
        let (address, tracker) = serve(echo).await;
        let mut client = connect(address, "01").await;
        let close = ClientCloseFrame {
            code: sent.into(),
            reason: "".into(),
        };
        client.send(Message::Close(Some(close))).await.unwrap();
        while client.next().await.is_some() {}
        assert_eq!(tracker.shutdown(SOON).await, 0);
        let duration = metrics.single("websocket.server.connection.duration");
        assert_eq!(duration.get("websocket.close_code"), Some(&counted.into()));
    }
}

#[tokio::test]
async fn a_peer_that_closes_and_goes_counts_with_its_code() {
    let metrics = capture_metrics();
    let (address, tracker) = serve(async |mut socket: Socket| {
        while socket.send(ServerMessage::text("tick")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    let mut client = connect(address, "01").await;
    client.next().await.unwrap().unwrap();
    let close = ClientCloseFrame {
        code: 1001.into(),
        reason: "".into(),
    };
    client.send(Message::Close(Some(close))).await.unwrap();
    drop(client);
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let duration = metrics.single("websocket.server.connection.duration");
    assert_eq!(
        sorted(&duration.attributes),
        [
            ("http.route", Value::from("/ws/draft/{id}/")),
            ("websocket.close_code", Value::I64(1001)),
        ]
    );
}

#[tokio::test]
async fn codes_of_ones_own_are_counted_as_they_are() {
    let metrics = capture_metrics();
    let (address, tracker) = serve(async |mut socket: Socket| {
        let close = CloseFrame {
            code: 4321,
            reason: "".into(),
        };
        socket
            .send(ServerMessage::Close(Some(close)))
            .await
            .unwrap();
    })
    .await;
    let mut client = connect(address, "01").await;
    while client.next().await.is_some() {}
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let duration = metrics.single("websocket.server.connection.duration");
    assert_eq!(duration.get("websocket.close_code"), Some(&4321.into()));
}

#[tokio::test]
async fn no_connection_stays_open_however_it_ends() {
    let metrics = capture_metrics();
    let (address, tracker) = serve(async |mut socket: Socket| match socket.recv().await {
        Some(Ok(ServerMessage::Text(text))) if text == "panic" => panic!("on purpose"),
        Some(Ok(ServerMessage::Text(text))) if text == "hang" => std::future::pending().await,
        _ => {}
    })
    .await;
    let mut clients = Vec::new();
    for text in ["panic", "hang", "return"] {
        let mut client = connect(address, "01").await;
        client.send(Message::text(text)).await.unwrap();
        clients.push(client);
    }
    // One that goes without a word.
    drop(connect(address, "01").await);
    while tracker.open_connections() != 1
        || metrics.values("websocket.server.active_connections").len() < 7
    {
        for client in &mut clients {
            // The close frames are to be answered.
            let _read = tokio::time::timeout(Duration::from_millis(1), client.next()).await;
        }
    }
    assert_eq!(tracker.shutdown(Duration::from_millis(50)).await, 1);
    let active = metrics.values("websocket.server.active_connections");
    assert_eq!(active.len(), 8);
    assert_eq!(active.iter().sum::<f64>(), 0.0);
    assert_eq!(
        metrics.named("websocket.server.connection.duration").len(),
        4
    );
}

#[tokio::test]
async fn clients_have_metrics_of_their_own() {
    let metrics = capture_metrics();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    telemetry_core::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if message.is_text() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let telemetry = WebSocketTelemetry::new();
    let (mut socket, _) = telemetry.connect(format!("ws://{address}/")).await.unwrap();
    socket.send(Message::text("hello")).await.unwrap();
    socket.recv().await.unwrap().unwrap();
    drop(socket);
    assert_eq!(
        metrics.values("websocket.client.active_connections"),
        [1.0, -1.0]
    );
    assert_eq!(sum(&metrics, "websocket.client.messages", "receive"), 1.0);
    assert_eq!(sum(&metrics, "websocket.client.io", "transmit"), 5.0);
    let duration = metrics.single("websocket.client.connection.duration");
    assert_eq!(
        sorted(&duration.attributes),
        [("websocket.close_code", Value::I64(1000))]
    );
    assert!(
        metrics
            .named("websocket.server.active_connections")
            .is_empty()
    );
}
