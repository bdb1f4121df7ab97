//! The span of a message.

use axum::extract::ws::Message as ServerMessage;
use futures_util::{SinkExt as _, StreamExt as _};
use opentelemetry::trace::{SpanKind, Status};
use opentelemetry::{Array, StringValue, Value};
use telemetry_core::bind;
use telemetry_core::testing::capture_logs;
use telemetry_otel::testing::{capture_spans, sorted};
use tokio_tungstenite::tungstenite::Message;

use crate::{PARENT, SOON, Socket, TRACE, connect, serve};

async fn answer(mut socket: Socket) {
    let handling = socket.handling();
    while let Some(Ok(message)) = socket.recv().await {
        let ServerMessage::Text(text) = &message else {
            break;
        };
        handling
            .handle(&message, async {
                bind("move", text.as_str());
                tracing::info!("handled");
                if text.as_str() == "panic" {
                    panic!("on purpose");
                }
                if text.as_str() == "hang" {
                    std::future::pending::<()>().await;
                }
            })
            .await;
        tracing::info!("between");
        if socket.send(message).await.is_err() {
            break;
        }
    }
}

#[tokio::test]
async fn a_message_is_the_root_of_a_trace_linked_to_the_upgrade() {
    let (spans, logs) = (capture_spans(), capture_logs());
    // The upgrade is not sampled, and the messages are by themselves.
    for flags in ["01", "00"] {
        let (address, tracker) = serve(answer).await;
        let mut client = connect(address, flags).await;
        for text in ["a", "bb"] {
            client.send(Message::text(text)).await.unwrap();
            client.next().await.unwrap().unwrap();
        }
        client.close(None).await.unwrap();
        while client.next().await.is_some() {}
        assert_eq!(tracker.shutdown(SOON).await, 0);
    }
    let spans = spans.spans();
    assert_eq!(spans.len(), 4);
    let traces: std::collections::HashSet<_> = spans.iter().map(|span| &span.trace_id).collect();
    assert_eq!(traces.len(), 4);
    let conn_id = logs.named("ws_connected")[0]["ws.conn_id"].to_string();
    for (span, line) in spans.iter().zip(logs.named("handled")) {
        assert_eq!(span.name, "process /ws/draft/{id}/");
        assert_eq!(span.kind, SpanKind::Consumer);
        assert_eq!(span.parent_span_id, None);
        assert_eq!(span.status, Status::Unset);
        let [link] = &span.links[..] else {
            panic!("{:?}", span.links)
        };
        assert_eq!(link.span_context.trace_id().to_string(), TRACE);
        assert_eq!(link.span_context.span_id().to_string(), PARENT);
        assert_eq!(line["trace_id"], span.trace_id.as_str());
        assert_eq!(line["span_id"], span.span_id.as_str());
    }
    let labels = Array::String(vec![StringValue::from("draft")]);
    assert_eq!(
        sorted(&spans[1].attributes),
        [
            ("draft.id", Value::I64(12)),
            ("http.route", Value::from("/ws/draft/{id}/")),
            ("labels", Value::Array(labels)),
            ("move", Value::from("bb")),
            ("network.protocol.name", Value::from("websocket")),
            ("request.id", Value::from("abc-123")),
            ("user.id", Value::I64(42)),
            ("websocket.message.size", Value::I64(2)),
            ("websocket.message.type", Value::from("text")),
            ("ws.conn_id", Value::from(conn_id)),
        ]
    );
    // Between messages the lines are of the upgrade again.
    for line in logs.named("between") {
        assert_eq!(line["trace_id"], TRACE);
        assert_eq!(line["span_id"], PARENT);
    }
}

#[tokio::test]
async fn a_message_that_panics_or_is_dropped_has_its_span_ended_as_failed() {
    for (text, class, error) in [
        ("panic", "panic", "panic: on purpose"),
        ("hang", "cancelled", "cancelled: dropped before it ended"),
    ] {
        let (spans, logs) = (capture_spans(), capture_logs());
        let (address, tracker) = serve(answer).await;
        let mut client = connect(address, "01").await;
        client.send(Message::text(text)).await.unwrap();
        logs.wait_for("handled").await;
        let late = tracker.shutdown(std::time::Duration::from_millis(50));
        telemetry_core::spawn(async move { while client.next().await.is_some() {} });
        late.await;
        assert_eq!(tracker.open_connections(), 0);
        let span = spans.single("process /ws/draft/{id}/");
        assert_eq!(span.get("error.type"), Some(&class.into()));
        assert_eq!(span.status, Status::error(error));
        assert_eq!(span.get("move"), Some(&text.into()));
        let event = span.event("exception");
        assert_eq!(event["exception.message"], error);
        assert!(span.start <= event.timestamp && event.timestamp <= span.end);
        // The place and the way to it.
        let has_stack = event.get("exception.stacktrace").is_some();
        assert_eq!(has_stack, text == "panic");
        assert_eq!(logs.named("ws_disconnected").len(), 1);
    }
}
