//! What the lines of a connection have in common.

use axum::extract::ws::Message as ServerMessage;
use axum::extract::{Path, Request};
use axum::middleware::{Next, from_fn};
use axum::routing::any;
use axum::{Extension, Router};
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_core::testing::capture_logs;
use telemetry_core::{FutureExt as _, Scope, bind, names, spawn};
use telemetry_labels::LabelExtractor;
use telemetry_ws::{ConnectionTracker, TelemetryUpgrade, WebSocketTelemetry};
use tracing::Level;

use crate::support::{Message, Raw, SOON, Server, Socket, close_code, connect, echo, serve, soon};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

#[tokio::test]
async fn a_connection_has_its_lines_from_the_handshake_to_the_close() {
    let server = Server::start(echo).await;
    let mut client = server.connect().await;
    client.send(Message::text("hello")).await.unwrap();
    let answer = soon(client.next()).await.unwrap().unwrap();
    assert_eq!(answer, Message::text("hello"));
    client.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    soon(client.next()).await.unwrap().unwrap();
    client.close(None).await.unwrap();
    let end = server.ended().await;
    let connected = server.logs.single("ws_connected");
    let receive = server.logs.named("ws_receive");
    assert_eq!(connected["client_ip"], "127.0.0.1");
    assert_eq!(receive.len(), 2);
    assert_eq!(receive[0]["data_preview"], "hello");
    assert!(receive[1].get("data_preview").is_none());
    assert_eq!(receive[0].level, Level::DEBUG);
    for line in [&connected, &receive[0], &receive[1], &end] {
        assert_eq!(line.logger, "telemetry_ws");
        assert_eq!(line["ws.conn_id"], connected["ws.conn_id"]);
        assert_eq!(line["request.id"], connected["request.id"]);
        assert_eq!(line["labels"], ["draft"]);
        assert_eq!(line["draft.id"], 12);
    }
    assert_eq!(connected.level, Level::INFO);
    assert_eq!(end.level, Level::INFO);
    for (key, value) in [
        ("messages_received", 2),
        ("messages_sent", 2),
        ("bytes_received", 8),
        ("bytes_sent", 8),
    ] {
        assert_eq!(end[key], value, "{key}");
    }
    assert!(end["duration_ms"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn the_request_id_of_the_client_is_that_of_the_connection_and_of_the_response() {
    let server = Server::start(echo).await;
    let headers =
        format!("x-request-id: abc-123\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n");
    let (_raw, head) = Raw::request(server.address, "/ws/draft/12/", &headers).await;
    assert!(head.contains("\r\nx-request-id: abc-123\r\n"), "{head}");
    let connected = server.logs.wait_for("ws_connected").await;
    assert_eq!(connected["request.id"], "abc-123");
    assert_eq!(connected["trace_id"], TRACE);
}

#[tokio::test]
async fn a_request_id_that_is_not_valid_is_replaced() {
    let server = Server::start(echo).await;
    let header = "x-request-id: no spaces\r\n";
    let (_raw, head) = Raw::request(server.address, "/ws/draft/12/", header).await;
    let connected = server.logs.wait_for("ws_connected").await;
    let id = connected["request.id"].as_str().unwrap().to_owned();
    assert_eq!(id.len(), 36, "{id}");
    assert!(
        head.contains(&format!("\r\nx-request-id: {id}\r\n")),
        "{head}"
    );
}

/// What an HTTP layer and the application's authentication do.
async fn follow(request: Request, next: Next) -> axum::response::Response {
    let mut scope = Scope::builder();
    scope
        .field(names::REQUEST_ID, "of-the-layer")
        .field(names::LABELS, ["own"].as_slice());
    next.run(request).in_scope(scope.build()).await
}

#[tokio::test]
async fn the_context_of_the_request_goes_on_in_the_connection_and_not_the_other_way() {
    let logs = capture_logs();
    let tracker = ConnectionTracker::new();
    let upgrade = async |ws: TelemetryUpgrade| {
        bind(names::USER_ID, 42);
        let response = ws.on_upgrade(|socket: Socket| async move {
            bind("bound_in", "connection");
            echo(socket).await;
        });
        bind("bound_late", true);
        tracing::info!("upgraded");
        response
    };
    let router = Router::new()
        .route("/ws/draft/{id}/", any(upgrade))
        .layer(Extension(
            WebSocketTelemetry::new().with_tracker(tracker.clone()),
        ))
        .layer(from_fn(follow));
    let address = serve(router).await;
    let mut client = connect(address, "/ws/draft/12/").await;
    client.close(None).await.unwrap();
    close_code(&mut client).await;
    let end = logs.wait_for("ws_disconnected").await;
    for line in [&logs.single("ws_connected"), &end] {
        assert_eq!(line["request.id"], "of-the-layer");
        assert_eq!(line["user.id"], 42);
        assert_eq!(line["labels"], ["own"]);
        assert!(line.get("bound_late").is_none());
    }
    assert_eq!(end["bound_in"], "connection");
    let upgraded = logs.single("upgraded");
    assert!(upgraded.get("ws.conn_id").is_none());
    assert!(upgraded.get("bound_in").is_none());
    assert_eq!(tracker.shutdown(SOON).await, 0);
}

#[tokio::test]
async fn labels_are_of_the_whole_path_and_by_rules_of_ones_own() {
    let logs = capture_logs();
    let labels = LabelExtractor::builder().marker("live").build().unwrap();
    let upgrade = any(|ws: TelemetryUpgrade| async { ws.on_upgrade(echo) });
    let nested = Router::new().route("/draft/{id}/live", upgrade);
    let router = Router::new()
        .nest("/ws/tournaments/{id}", nested)
        .layer(Extension(WebSocketTelemetry::new().with_labels(labels)));
    let address = serve(router).await;
    let _client = connect(address, "/ws/tournaments/5/draft/12/live?x=1").await;
    let connected = logs.wait_for("ws_connected").await;
    assert_eq!(connected["labels"], ["tournament", "draft", "live"]);
    assert_eq!(connected["tournament.id"], 5);
    assert_eq!(connected["draft.id"], 12);
}

#[tokio::test]
async fn the_client_address_can_be_left_out() {
    let telemetry = WebSocketTelemetry::new().with_client_ip(false);
    let server = Server::start_with(telemetry, echo).await;
    let _client = server.connect().await;
    let connected = server.logs.wait_for("ws_connected").await;
    assert!(connected.get("client_ip").is_none());
}

#[tokio::test]
async fn a_preview_is_of_a_hundred_characters() {
    let server = Server::start(echo).await;
    let mut client = server.connect().await;
    client.send(Message::text("ü\n".repeat(80))).await.unwrap();
    let receive = server.logs.wait_for("ws_receive").await;
    assert_eq!(receive["data_preview"], "ü\n".repeat(50).as_str());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn five_hundred_connections_at_once_do_not_see_each_other() {
    const CONNECTIONS: usize = 500;
    let logs = capture_logs();
    let tracker = ConnectionTracker::new();
    let upgrade = async |Path(id): Path<i64>, ws: TelemetryUpgrade| {
        bind(names::USER_ID, id + 1_000_000);
        ws.on_upgrade(async move |mut socket: Socket| {
            bind("own", id);
            while let Some(Ok(message)) = socket.recv().await {
                let ServerMessage::Text(text) = &message else {
                    break;
                };
                tracing::info!(said = text.as_str(), expected = id, "from_handler");
                let said = text.to_owned();
                let task = spawn(async move {
                    tokio::task::yield_now().await;
                    tracing::info!(said = said.as_str(), expected = id, "from_task");
                });
                task.await.unwrap();
                if socket.send(message).await.is_err() {
                    break;
                }
            }
        })
    };
    let router = Router::new()
        .route("/ws/draft/{id}/", any(upgrade))
        .layer(Extension(
            WebSocketTelemetry::new().with_tracker(tracker.clone()),
        ))
        .layer(from_fn(async |request: Request, next: Next| {
            let scope = Scope::builder().field("outer", true).build();
            next.run(request).in_scope(scope).await
        }));
    let address = serve(router).await;
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(CONNECTIONS));
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|id| {
            let barrier = std::sync::Arc::clone(&barrier);
            spawn(async move {
                let mut client = connect(address, &format!("/ws/draft/{id}/")).await;
                barrier.wait().await;
                for _ in 0..3 {
                    client.send(Message::text(id.to_string())).await.unwrap();
                    soon(client.next()).await.unwrap().unwrap();
                }
                client.close(None).await.unwrap();
                close_code(&mut client).await;
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let mut connections = std::collections::HashMap::new();
    for name in [
        "ws_connected",
        "ws_receive",
        "from_handler",
        "from_task",
        "ws_disconnected",
    ] {
        let lines = logs.named(name);
        let each = if name.starts_with("from") || name == "ws_receive" {
            3
        } else {
            1
        };
        assert_eq!(lines.len(), CONNECTIONS * each, "{name}");
        for line in lines {
            let draft = line["draft.id"].as_i64().unwrap();
            assert_eq!(line["user.id"], draft + 1_000_000);
            if name.starts_with("from") {
                assert_eq!(line["expected"], draft);
                assert_eq!(line["said"], draft.to_string().as_str());
            }
            if name == "ws_disconnected" {
                assert_eq!(line["own"], draft);
            }
            let ids = (
                line["ws.conn_id"].to_string(),
                line["request.id"].to_string(),
            );
            assert_eq!(
                connections.entry(draft).or_insert_with(|| ids.clone()),
                &ids
            );
        }
    }
    let distinct: std::collections::HashSet<_> = connections.values().collect();
    assert_eq!(distinct.len(), CONNECTIONS);
}
