//! Messages as units of work of their own.

use axum::extract::ws::Message as ServerMessage;
use futures_util::{SinkExt as _, StreamExt as _};
use telemetry_core::{bind, spawn};

use crate::support::{Message, Server, Socket, soon};

#[tokio::test]
async fn what_a_message_binds_is_on_its_own_lines_alone() {
    let server = Server::start(|mut socket: Socket| async move {
        let handling = socket.handling();
        bind("of_connection", true);
        while let Some(Ok(message)) = socket.recv().await {
            let ServerMessage::Text(text) = &message else {
                break;
            };
            let answer = handling
                .handle(&message, async {
                    bind("move", text.as_str());
                    tracing::info!(said = text.as_str(), "from_message");
                    let task = spawn(async { tracing::info!("from_task") });
                    task.await.unwrap();
                    message.clone()
                })
                .await;
            tracing::info!("between");
            if socket.send(answer).await.is_err() {
                break;
            }
        }
    })
    .await;
    let mut client = server.connect().await;
    for text in ["a", "b"] {
        client.send(Message::text(text)).await.unwrap();
        soon(client.next()).await.unwrap().unwrap();
    }
    client.close(None).await.unwrap();
    let end = server.ended().await;
    for (index, text) in ["a", "b"].into_iter().enumerate() {
        let line = &server.logs.named("from_message")[index];
        assert_eq!(line["move"], text);
        assert_eq!(line["of_connection"], true);
        assert_eq!(line["ws.conn_id"], end["ws.conn_id"]);
        assert_eq!(server.logs.named("from_task")[index]["move"], text);
        assert!(server.logs.named("between")[index].get("move").is_none());
    }
    assert!(end.get("move").is_none());
    assert_eq!(end["of_connection"], true);
}

#[tokio::test]
async fn a_message_may_use_the_socket() {
    let server = Server::start(|mut socket: Socket| async move {
        let handling = socket.handling();
        while let Some(Ok(message)) = socket.recv().await {
            let answered = handling
                .handle(&message, socket.send(message.clone()))
                .await;
            if answered.is_err() {
                break;
            }
        }
    })
    .await;
    let mut client = server.connect().await;
    client.send(Message::text("a")).await.unwrap();
    let answer = soon(client.next()).await.unwrap().unwrap();
    assert_eq!(answer, Message::text("a"));
    client.close(None).await.unwrap();
    assert_eq!(server.ended().await["messages_sent"], 1);
}

#[tokio::test]
async fn a_preview_has_no_secrets_of_json_and_the_handler_has_the_message_as_it_was() {
    let server = Server::start(crate::support::echo).await;
    let mut client = server.connect().await;
    let long = format!(
        r#"{{"user":"captain","password":"{}"}}"#,
        "s3cret".repeat(50)
    );
    for (message, preview) in [
        (
            r#"{"token":"abc","password":"def","hero":"Puck"}"#,
            r#"{"token":"[redacted]","password":"[redacted]","hero":"Puck"}"#,
        ),
        (&long, r#"{"user":"captain","password":"[redacted]"}"#),
        (
            r#"42["login",{"api_key":"abc"}]"#,
            r#"42["login",{"api_key":"[redacted]"}]"#,
        ),
        ("token: Earthshaker", "token: Earthshaker"),
        (&"ü".repeat(101), &"ü".repeat(100)),
    ] {
        client.send(Message::text(message)).await.unwrap();
        let answer = soon(client.next()).await.unwrap().unwrap();
        assert_eq!(answer, Message::text(message));
        let lines = server.logs.named("ws_receive");
        assert_eq!(lines.last().unwrap()["data_preview"], preview);
    }
    client.close(None).await.unwrap();
    server.ended().await;
}
