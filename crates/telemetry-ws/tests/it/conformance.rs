//! RFC 6455, frame by frame: what comes back from the socket that is followed is what comes
//! back from the bare one.
//!
//! The one difference: after a violation the bare socket is dropped without a word, and ours
//! says first what it was (RFC 6455, section 7.1.7).

mod cases;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::routing::any;
use telemetry_core::spawn;
use telemetry_core::testing::capture_logs;
use telemetry_ws::{ConnectionTracker, TelemetryUpgrade, WebSocketTelemetry};

use crate::conformance::cases::{Case, cases};
use crate::support::{Frame, Raw, SOON, close, serve};

/// How the bytes of a case are sent.
#[derive(Clone, Copy, Debug)]
enum Pieces {
    Whole,
    Bytes,
}

/// Limits below those of the cases that are meant to exceed them.
const MESSAGE: usize = 100_000;
const FRAME: usize = 80_000;

macro_rules! echo {
    ($upgrade:expr) => {
        $upgrade.on_upgrade(|mut socket| async move {
            while let Some(Ok(message)) = socket.recv().await {
                if matches!(message, Message::Text(_) | Message::Binary(_))
                    && socket.send(message).await.is_err()
                {
                    break;
                }
            }
        })
    };
}

#[tokio::test]
async fn the_frames_that_come_back_are_those_of_the_bare_socket() {
    let logs = capture_logs();
    let tracker = ConnectionTracker::new();
    let telemetry = WebSocketTelemetry::new().with_tracker(tracker.clone());
    let bare = any(|ws: WebSocketUpgrade| async {
        echo!(ws.max_message_size(MESSAGE).max_frame_size(FRAME))
    });
    let ours = any(|ws: TelemetryUpgrade| async {
        echo!(
            ws.with_telemetry(telemetry)
                .max_message_size(MESSAGE)
                .max_frame_size(FRAME)
        )
    });
    let address = serve(Router::new().route("/bare", bare).route("/ours", ours)).await;
    let cases = cases();
    let count = cases.len();
    let played = cases.into_iter().flat_map(|case| {
        let case = Arc::new(case);
        // What is long is sent often enough.
        let is_short = case.bytes.len() <= 1000;
        let pieces = [Some(Pieces::Whole), is_short.then_some(Pieces::Bytes)];
        let pieces = pieces.into_iter().flatten();
        pieces.map(move |pieces| spawn(compare(address, Arc::clone(&case), pieces)))
    });
    for played in played.collect::<Vec<_>>() {
        played.await.unwrap();
    }
    assert_eq!(tracker.shutdown(SOON).await, 0);
    let connected = logs.named("ws_connected").len();
    assert!(connected > count);
    assert_eq!(logs.named("ws_disconnected").len(), connected);
}

/// Plays a case on both sockets.
async fn compare(address: SocketAddr, case: Arc<Case>, pieces: Pieces) {
    let bare = play(address, "/bare", &case, pieces).await;
    let last = bare.last().map(|frame| frame.head);
    assert_eq!(
        last == Some(0x88),
        case.is_answered,
        "{}: {bare:?}",
        case.name
    );
    let ours = play(address, "/ours", &case, pieces).await;
    let mut expected = bare;
    expected.extend(case.violation.map(close));
    assert_eq!(ours, expected, "{} ({pieces:?})", case.name);
}

/// Plays a case; gives the frames that came back before the server closed.
async fn play(address: SocketAddr, path: &str, case: &Case, pieces: Pieces) -> Vec<Frame> {
    let mut raw = Raw::connect(address, path, "").await;
    match pieces {
        Pieces::Whole => raw.send(&case.bytes).await,
        Pieces::Bytes => {
            for byte in &case.bytes {
                // The server may have closed before the last.
                if !raw.try_send(&[*byte]).await {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
    }
    if case.then_leave {
        raw.leave().await;
    }
    raw.to_end().await
}
