//! What the lines of a connection have in common.

use axum::Router;
use axum::routing::any;
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_core::testing::capture_logs;
use telemetry_ws::TelemetryUpgrade;

use crate::support::{Message, connect, echo, serve};

#[tokio::test]
async fn a_connection_has_its_lines_from_the_handshake_to_the_close() {
    let logs = capture_logs();
    let draft = any(|ws: TelemetryUpgrade| async { ws.on_upgrade(echo) });
    let address = serve(Router::new().route("/ws/draft/{id}/", draft)).await;
    let mut client = connect(address, "/ws/draft/12/").await;
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(
        client.next().await.unwrap().unwrap(),
        Message::text("hello")
    );
    client.close(None).await.unwrap();
    let end = logs.wait_for("ws_disconnected").await;
    let connected = logs.single("ws_connected");
    let receive = logs.single("ws_receive");
    assert_eq!(connected["client_ip"], "127.0.0.1");
    assert_eq!(receive["data_preview"], "hello");
    assert_eq!(end["close_code"], 1005);
    for line in [&connected, &receive, &end] {
        assert_eq!(line["ws.conn_id"], connected["ws.conn_id"]);
        assert_eq!(line["request.id"], connected["request.id"]);
        assert_eq!(line["labels"], ["draft"]);
        assert_eq!(line["draft.id"], 12);
    }
    for (key, value) in [
        ("messages_received", 1),
        ("messages_sent", 1),
        ("bytes_received", 5),
        ("bytes_sent", 5),
    ] {
        assert_eq!(end[key], value, "{key}");
    }
}
