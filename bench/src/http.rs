//! The router of the suite `request` as a server: each contender in a process of its own, asked
//! over HTTP.

mod contenders;

use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::runtime;

use crate::client::{Pace, Requests};
use crate::cores::Cores;
use crate::otlp_sink::OtlpSink;
use crate::process::Server;
use crate::series;
use crate::turns::{Contender, Turns};

/// A tenth of what bare axum can do, or less.
const PACED: Pace = Pace::Rate(5_000);
const LENGTH: Duration = Duration::from_secs(1);

const REQUEST: &[u8] = b"GET /api/tournaments/5/ HTTP/1.1\r\n\
    host: localhost\r\nuser-agent: bench/1.0\r\n\r\n";

/// What is exported is sent within the turn that it belongs to.
const DELAYS: [(&str, &str); 2] = [
    ("OTEL_BSP_SCHEDULE_DELAY", "100"),
    ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
];

/// Measures all contenders.
pub(crate) fn run(turns: u32) {
    let cores = Cores::take();
    series::note(&cores.to_string());
    let program = std::env::current_exe().expect("this program");
    let mut servers: Vec<_> = contenders::ALL
        .iter()
        .map(|contender| {
            let sink = contender.exports.then(OtlpSink::start);
            let mut command = Command::new(&program);
            command
                .args(["one-of", "http", contender.name])
                .env_clear()
                .env("NODE_ENV", "prod");
            if let Some(sink) = &sink {
                command
                    .env("OTEL_ENABLED", "true")
                    .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.endpoint())
                    .envs(DELAYS)
                    .envs(contender.environment.iter().copied());
            }
            Contender {
                name: contender.name,
                server: Server::start(command, &cores),
                take_exported: Box::new(move || sink.as_ref().map(OtlpSink::take_spans)),
            }
        })
        .collect();
    let requests = |_: &Contender| -> Requests { Box::new(|| REQUEST.to_vec()) };
    for pace in [PACED, Pace::Full] {
        let turns = Turns {
            pace,
            count: turns,
            length: LENGTH,
        };
        turns.run(&pace.to_string(), &mut servers, requests);
    }
}

/// Is the server of a contender, until it is ended. Says on the standard error where it listens.
///
/// # Panics
///
/// When there is no such contender.
pub(crate) fn serve(name: &str) {
    let contender = contenders::ALL.iter().find(|known| known.name == name);
    let contender = contender.unwrap_or_else(|| panic!("no contender {name:?}"));
    // As `#[tokio::main]` makes it where there is one core to work on. On its only thread, bare axum
    // would be spared the locks that the C library takes as soon as a process has another.
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let router: Router = (contender.router)();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        eprintln!("listening on http://{address}, contender {name}");
        let listener = listener.tap_io(|stream| {
            stream.set_nodelay(true).expect("no delay");
        });
        axum::serve(listener, router).await.expect("it serves");
    });
}
