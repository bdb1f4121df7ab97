//! tokio-tungstenite's servers and clients.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::StreamExt as _;
use telemetry_core::testing::{LogCapture, capture_logs};
use telemetry_core::{FutureExt as _, Scope, names, spawn};
use telemetry_ws::{ConnectionTracker, TelemetrySocket, WebSocketTelemetry};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, client::IntoClientRequest as _};

use crate::support::{Message, Raw, SOON, close, close_code, connect, masked, soon};

type Socket = TelemetrySocket<WebSocketStream<TcpStream>>;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

async fn echo(mut socket: Socket) {
    while let Some(Ok(message)) = socket.next().await {
        let is_data = message.is_text() || message.is_binary();
        if is_data && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// Serves echoes; gives the address and what ends them.
async fn serve(telemetry: WebSocketTelemetry) -> (SocketAddr, ConnectionTracker) {
    let tracker = ConnectionTracker::new();
    let telemetry = telemetry.with_tracker(tracker.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move {
        while let Ok((stream, peer)) = listener.accept().await {
            let telemetry = telemetry.clone();
            spawn(async move {
                if let Ok(socket) = telemetry.accept(stream, Some(peer.ip())).await {
                    socket.run(echo).await;
                }
            });
        }
    });
    (address, tracker)
}

/// The lines of one connection, in order.
fn lines_of(logs: &LogCapture, event: &str) -> Vec<String> {
    let lines = logs.named(event).into_iter();
    lines.map(|line| line["ws.conn_id"].to_string()).collect()
}

#[tokio::test]
async fn a_server_follows_its_connections() {
    let logs = capture_logs();
    let (address, tracker) = serve(WebSocketTelemetry::new()).await;
    let headers =
        format!("x-request-id: abc-123\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n");
    let (mut raw, head) = Raw::request(address, "/ws/draft/12/", &headers).await;
    assert!(head.contains("\r\nx-request-id: abc-123\r\n"), "{head}");
    raw.send(&masked(0x81, b"hello")).await;
    assert_eq!(raw.next().await.unwrap().payload, b"hello");
    raw.send(&masked(0x88, &1000_u16.to_be_bytes())).await;
    assert_eq!(raw.until_closed().await, [close(1000)]);
    let end = logs.wait_for("ws_disconnected").await;
    assert_eq!(tracker.shutdown(SOON).await, 0);
    for line in [logs.single("ws_connected"), logs.single("ws_receive"), end] {
        assert_eq!(line["request.id"], "abc-123");
        assert_eq!(line["trace_id"], TRACE);
        assert_eq!(line["draft.id"], 12);
    }
    assert_eq!(logs.single("ws_connected")["client_ip"], "127.0.0.1");
    assert_eq!(logs.single("ws_disconnected")["close_code"], 1000);
}

#[tokio::test]
async fn a_server_refuses_foreign_pages_and_those_who_come_late() {
    let logs = capture_logs();
    let (address, tracker) = serve(WebSocketTelemetry::new()).await;
    let foreign = "origin: https://evil.example\r\n";
    let (_, head) = Raw::request(address, "/ws/", foreign).await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    assert!(head.contains("\r\nx-request-id: "), "{head}");
    tracker.shutdown(SOON).await;
    let (_, head) = Raw::request(address, "/ws/", "").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(logs.events().is_empty(), "{}", logs.text());
}

#[tokio::test]
async fn a_server_fails_what_breaks_the_protocol_and_lets_the_peer_read_why() {
    let logs = capture_logs();
    let telemetry = WebSocketTelemetry::new()
        .with_max_message_size(100)
        .with_max_frame_size(50);
    let (address, tracker) = serve(telemetry).await;
    for (before, (bytes, code)) in [
        (masked(0xc1, b"x"), 1002),
        (masked(0x81, b"\xff"), 1007),
        (masked(0x82, &[0; 51]), 1009),
        (
            [
                masked(0x02, &[0; 50]),
                masked(0, &[0; 50]),
                masked(0x80, b"x"),
            ]
            .concat(),
            1009,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut raw = Raw::connect(address, "/ws/", "").await;
        // Unread, which must not keep the close frame from arriving.
        raw.send(&[masked(0x81, b"fine"), bytes, vec![0; 1000]].concat())
            .await;
        assert_eq!(raw.next().await.unwrap().payload, b"fine");
        assert_eq!(raw.next().await, Some(close(code)));
        drop(raw);
        soon(async {
            while logs.named("ws_disconnected").len() == before {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let codes = logs.named("ws_disconnected").into_iter();
    let codes: Vec<_> = codes
        .map(|end| end["close_code"].as_i64().unwrap())
        .collect();
    assert_eq!(codes, [1002, 1007, 1009, 1009]);
}

#[tokio::test]
#[expect(clippy::result_large_err, reason = "the error is tungstenite's")]
async fn a_handshake_of_ones_own_can_be_followed() {
    let logs = capture_logs();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move {
        let (stream, peer) = listener.accept().await.unwrap();
        let mut asked = None;
        let callback = |request: &Request, mut response: Response| {
            asked = Some(request.clone());
            let chosen = "draft.v1".parse().unwrap();
            response
                .headers_mut()
                .insert("sec-websocket-protocol", chosen);
            Ok(response)
        };
        let socket = tokio_tungstenite::accept_hdr_async(stream, callback)
            .await
            .unwrap();
        let telemetry = WebSocketTelemetry::new();
        let socket = telemetry.accepted(socket, &asked.unwrap(), Some(peer.ip()));
        socket.run(echo).await;
    });
    let header = "sec-websocket-protocol: draft.v1\r\n";
    let _raw = Raw::connect(address, "/ws/draft/12/", header).await;
    assert_eq!(logs.wait_for("ws_connected").await["draft.id"], 12);
}

#[tokio::test]
async fn a_client_hands_on_its_context_and_has_a_connection_of_its_own() {
    let logs = capture_logs();
    let (address, tracker) = serve(WebSocketTelemetry::new()).await;
    let scope = Scope::builder()
        .field(names::REQUEST_ID, "of-the-client")
        .field(names::USER_ID, 42)
        .build();
    async {
        let url = format!("ws://{address}/ws/draft/12/");
        let mut request = url.into_client_request().unwrap();
        let trace = format!("00-{TRACE}-b7ad6b7169203331-01").parse().unwrap();
        request.headers_mut().insert("traceparent", trace);
        let (mut socket, response) = WebSocketTelemetry::new().connect(request).await.unwrap();
        assert_eq!(response.headers()["x-request-id"], "of-the-client");
        socket.send(Message::text("hello")).await.unwrap();
        let answer = soon(socket.recv()).await.unwrap().unwrap();
        assert_eq!(answer, Message::text("hello"));
        socket.scope().bind("bound", true);
        let close = CloseFrame {
            code: 4002.into(),
            reason: "done".into(),
        };
        socket.send(Message::Close(Some(close))).await.unwrap();
        while soon(socket.recv()).await.is_some() {}
    }
    .in_scope(scope)
    .await;
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let ends = logs.named("ws_disconnected");
    assert_eq!(ends.len(), 2);
    for end in &ends {
        assert_eq!(end["close_code"], 4002);
        assert_eq!(end["request.id"], "of-the-client");
        assert_eq!(end["trace_id"], TRACE);
        assert_eq!(end["bytes_received"], 5);
        assert_eq!(end["bytes_sent"], 5);
    }
    let (of_client, of_server): (Vec<_>, Vec<_>) =
        ends.iter().partition(|end| end.get("bound").is_some());
    assert_eq!(of_client[0]["user.id"], 42);
    // Who is acting is not told to anybody.
    assert!(of_server[0].get("user.id").is_none());
    assert_ne!(of_client[0]["ws.conn_id"], of_server[0]["ws.conn_id"]);
    let mut connected = lines_of(&logs, "ws_connected");
    let mut disconnected = lines_of(&logs, "ws_disconnected");
    connected.sort();
    disconnected.sort();
    assert_eq!(connected, disconnected);
}

#[tokio::test]
async fn a_client_that_is_dropped_says_so_and_one_that_is_refused_has_no_lines() {
    let logs = capture_logs();
    let (address, tracker) = serve(WebSocketTelemetry::new()).await;
    let telemetry = WebSocketTelemetry::new();
    let (socket, _) = telemetry.connect(format!("ws://{address}/")).await.unwrap();
    drop(socket);
    let end = logs.single("ws_disconnected");
    assert_eq!(end["close_code"], 1000);
    soon(async {
        while logs.named("ws_disconnected").len() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let of_server = logs.named("ws_disconnected");
    assert_eq!(of_server[1]["close_code"], 1000);
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/");
    let refused = telemetry.connect_over(url, stream).await.unwrap_err();
    assert!(
        matches!(&refused, Error::Http(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE),
        "{refused}"
    );
    assert_eq!(logs.named("ws_connected").len(), 2);
}

#[tokio::test]
async fn a_handler_that_is_dropped_ends_its_connection() {
    let logs = capture_logs();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = async {
        let (stream, peer) = listener.accept().await.unwrap();
        let client: IpAddr = peer.ip();
        let telemetry = WebSocketTelemetry::new();
        telemetry.accept(stream, Some(client)).await.unwrap()
    };
    let (socket, mut client) = tokio::join!(accepted, connect(address, "/ws/draft/12/"));
    let started = Arc::new(tokio::sync::Notify::new());
    let start = Arc::clone(&started);
    let handler = socket.run(async move |mut socket: Socket| {
        telemetry_core::bind("bound", true);
        start.notify_one();
        socket.recv().await
    });
    tokio::select! {
        _ = handler => panic!("there is nothing to receive"),
        () = started.notified() => {}
    }
    let end = logs.single("ws_disconnected");
    assert_eq!(end["close_code"], 1001);
    assert_eq!(end["bound"], true);
    assert_eq!(close_code(&mut client).await, Some(1001));
}

#[tokio::test]
async fn what_a_handler_gives_is_given_on() {
    let _logs = capture_logs();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let telemetry = WebSocketTelemetry::new();
        let socket = telemetry.accept(stream, None).await.unwrap();
        socket.run(async |_| 12).await
    });
    let mut client = connect(address, "/").await;
    assert_eq!(close_code(&mut client).await, Some(1000));
    assert_eq!(server.await.unwrap(), Some(12));
}

#[tokio::test]
async fn after_a_violation_the_connection_ends_with_the_peers_answer_or_its_end_or_in_100_ms() {
    enum Then {
        Answer,
        Leave,
        Stay,
    }

    let logs = capture_logs();
    let (address, tracker) = serve(WebSocketTelemetry::new()).await;
    for (count, then) in [Then::Answer, Then::Leave, Then::Stay]
        .into_iter()
        .enumerate()
    {
        let mut raw = Raw::connect(address, "/ws/", "").await;
        // Without the rest of the frame, what follows cannot be read as frames.
        let violation = masked(0xf1, &[7; 100]);
        raw.send(&violation[..90]).await;
        raw.send(&violation[90..]).await;
        assert_eq!(raw.next().await, Some(close(1002)));
        match then {
            Then::Answer => raw.send(&masked(0x88, &1002_u16.to_be_bytes())).await,
            Then::Leave => raw.leave().await,
            Then::Stay => {}
        }
        assert_eq!(raw.until_closed().await, []);
        soon(async {
            while logs.named("ws_disconnected").len() == count {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let ends = logs.named("ws_disconnected");
    let durations = ends.iter().map(|end| end["duration_ms"].as_f64().unwrap());
    let [answered, left, stayed] = durations.collect::<Vec<_>>().try_into().unwrap();
    assert!(stayed >= 100.0, "{stayed}");
    assert!(
        answered < stayed && left < stayed,
        "{answered} {left} {stayed}"
    );
}

#[tokio::test]
async fn the_close_frame_arrives_in_1000_of_1000_violations() {
    let _logs = capture_logs();
    let (address, tracker) = serve(WebSocketTelemetry::new()).await;
    for _ in 0..20 {
        let played = (0..50).map(|_| {
            spawn(async move {
                let mut raw = Raw::connect(address, "/ws/", "").await;
                // A message whose echo is not acknowledged, a violation, and more behind it.
                let bytes = [masked(0x81, b"fine"), masked(0xc1, b"x"), vec![0; 1000]];
                raw.send(&bytes.concat()).await;
                raw.until_closed().await
            })
        });
        for frames in played.collect::<Vec<_>>() {
            let frames = frames.await.unwrap();
            assert_eq!(frames.last(), Some(&close(1002)));
        }
    }
    assert_eq!(tracker.shutdown(SOON).await, 0);
}
