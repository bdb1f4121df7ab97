//! One message of 64 characters through a WebSocket in memory, by tokio-tungstenite: what a
//! server receives from its client, and what it sends to it.

use std::hint::black_box;

use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use telemetry_core::FutureExt as _;
use telemetry_ws::{TelemetrySocket, WebSocketTelemetry};
use tokio::io::{DuplexStream, duplex};
use tokio::runtime::{self, Runtime};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use crate::{Contender, Work, line, sdk};

pub const CONTENDERS: &[Contender] = &[
    Contender {
        name: "bare-receive",
        set_up: bare_receive,
    },
    Contender {
        name: "telemetry-receive",
        set_up: telemetry_receive,
    },
    Contender {
        name: "telemetry-receive-measured",
        set_up: telemetry_receive_measured,
    },
    Contender {
        name: "bare-send",
        set_up: bare_send,
    },
    Contender {
        name: "telemetry-send",
        set_up: telemetry_send,
    },
    Contender {
        name: "telemetry-send-measured",
        set_up: telemetry_send_measured,
    },
];

const TEXT: &str = r#"{"kind":"pick","team":"Winter Wolves","hero":"Earthshaker","n":1}"#;

type Bare = WebSocketStream<DuplexStream>;

/// The two ends of a connection: the client's and the server's.
fn ends(runtime: &Runtime) -> (Bare, Bare) {
    let (client, server) = duplex(64 * 1024);
    // The default of 128 KiB is cleared for each read, which is most of the time then.
    let config = Some(WebSocketConfig::default().read_buffer_size(4096));
    runtime.block_on(async {
        (
            WebSocketStream::from_raw_socket(client, Role::Client, config).await,
            WebSocketStream::from_raw_socket(server, Role::Server, config).await,
        )
    })
}

fn runtime() -> Runtime {
    runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap_or_else(|error| panic!("no runtime: {error}"))
}

fn bare_receive() -> Work {
    let runtime = runtime();
    let (mut client, mut server) = ends(&runtime);
    Box::new(move || {
        runtime.block_on(async {
            let _sent = client.send(Message::text(black_box(TEXT))).await;
            let _received = black_box(server.next().await);
        });
    })
}

fn bare_send() -> Work {
    let runtime = runtime();
    let (mut client, mut server) = ends(&runtime);
    Box::new(move || {
        runtime.block_on(async {
            let _sent = server.send(Message::text(black_box(TEXT))).await;
            let _received = black_box(client.next().await);
        });
    })
}

fn follow(server: Bare) -> TelemetrySocket<Bare> {
    line::install();
    let request = Request::builder().uri("/ws/draft/12/").body(());
    let request = request.unwrap_or_else(|error| panic!("no request: {error}"));
    WebSocketTelemetry::new().accepted(server, &request, None)
}

fn telemetry_receive() -> Work {
    let runtime = runtime();
    let (mut client, server) = ends(&runtime);
    let mut server = follow(server);
    Box::new(move || {
        let scope = server.scope().clone();
        let exchange = async {
            let _sent = client.send(Message::text(black_box(TEXT))).await;
            let _received = black_box(server.recv().await);
        };
        runtime.block_on(exchange.in_scope(scope));
    })
}

fn telemetry_send() -> Work {
    let runtime = runtime();
    let (mut client, server) = ends(&runtime);
    let mut server = follow(server);
    Box::new(move || {
        let scope = server.scope().clone();
        let exchange = async {
            let _sent = server.send(Message::text(black_box(TEXT))).await;
            let _received = black_box(client.next().await);
        };
        runtime.block_on(exchange.in_scope(scope));
    })
}

fn telemetry_receive_measured() -> Work {
    sdk::install_metrics();
    telemetry_receive()
}

fn telemetry_send_measured() -> Work {
    sdk::install_metrics();
    telemetry_send()
}
