//! Upgrades that are refused.

use axum::routing::any;
use axum::{Extension, Router};
use telemetry_core::testing::capture_logs;
use telemetry_ws::{AllowedOrigins, TelemetryUpgrade, WebSocketTelemetry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Raw, Server, echo, serve};

#[tokio::test]
async fn a_foreign_page_gets_403_and_no_connection() {
    let server = Server::start(echo).await;
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let header = format!("origin: {origin}\r\nx-request-id: abc-123\r\n");
        let (_, head) = Raw::request(server.address, "/ws/draft/12/", &header).await;
        assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
        assert!(head.contains("\r\nx-request-id: abc-123\r\n"), "{head}");
    }
    assert_eq!(server.logs.named("ws_connected").len(), 0);
    let header = format!("origin: http://{}\r\n", server.address);
    Raw::connect(server.address, "/ws/draft/12/", &header).await;
    server.logs.wait_for("ws_connected").await;
}

#[tokio::test]
async fn the_origins_that_are_named_are_let_in() {
    let origins = AllowedOrigins::hosts(["*.dtx.example"])
        .unwrap()
        .require_origin();
    let telemetry = WebSocketTelemetry::new().with_allowed_origins(origins);
    let server = Server::start_with(telemetry, echo).await;
    let (_, head) = Raw::request(server.address, "/ws/draft/12/", "").await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    let header = "origin: https://play.dtx.example\r\n";
    Raw::connect(server.address, "/ws/draft/12/", header).await;
}

#[tokio::test]
async fn what_is_no_upgrade_gets_the_response_of_axum_with_a_request_id() {
    let _logs = capture_logs();
    let ours = any(|ws: TelemetryUpgrade| async { ws.on_upgrade(echo) });
    let bare = any(|ws: axum::extract::ws::WebSocketUpgrade| async { ws.on_upgrade(|_| async {}) });
    let router = Router::new()
        .route("/ours", ours)
        .route("/bare", bare)
        .layer(Extension(WebSocketTelemetry::new()));
    let address = serve(router).await;
    let upgrade = "connection: upgrade\r\nupgrade: websocket\r\n";
    for (method, headers) in [
        ("GET", String::new()),
        ("POST", upgrade.to_owned()),
        ("GET", upgrade.to_owned()),
        (
            "GET",
            format!("{upgrade}sec-websocket-version: 12\r\nsec-websocket-key: x\r\n"),
        ),
        ("GET", format!("{upgrade}sec-websocket-version: 13\r\n")),
    ] {
        let ask = async |path| {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut response = String::new();
            stream.read_to_string(&mut response).await.unwrap();
            let lines = response.lines().filter(|line| !line.starts_with("date: "));
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        let bare = ask("/bare").await;
        let mut ours = ask("/ours").await;
        assert!(bare[0].starts_with("HTTP/1.1 4"), "{bare:?}");
        let before = ours.len();
        ours.retain(|line| !line.starts_with("x-request-id: "));
        assert_eq!(before - ours.len(), 1);
        assert_eq!(ours, bare);
    }
}
