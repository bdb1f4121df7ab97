//! Asks a server for the reference request, over some connections that are kept.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};

const REQUEST: &[u8] = b"GET /api/tournaments/2/ HTTP/1.1\r\nhost: localhost\r\n\r\n";

/// How fast requests come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection asks again as soon as it is answered.
    Full,
    /// So many a second, over all connections, whether the answers come or not.
    Rate(u32),
}

impl Pace {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            rate => rate.parse().ok().filter(|rate| *rate > 0).map(Self::Rate),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("As fast as the answers come"),
            Self::Rate(rate) => write!(f, "{rate} requests a second"),
        }
    }
}

/// Some connections that ask one server.
pub(crate) struct Load {
    server: SocketAddr,
    connections: usize,
    pace: Pace,
}

impl Load {
    pub(crate) fn new(server: SocketAddr, connections: usize, pace: Pace) -> Self {
        Self {
            server,
            connections,
            pace,
        }
    }

    /// Asks for as long, and gives the nanoseconds from when each request was due to its answer.
    pub(crate) fn run(&self, duration: Duration) -> Vec<u64> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let start = Instant::now() + Duration::from_millis(20);
            let tasks: Vec<_> = (0..self.connections)
                .map(|index| tokio::spawn(self.connection(index, start, start + duration)))
                .collect();
            let mut latencies = Vec::new();
            for task in tasks {
                latencies.append(&mut task.await.expect("a connection"));
            }
            latencies
        })
    }

    fn connection(
        &self,
        index: usize,
        start: Instant,
        end: Instant,
    ) -> impl Future<Output = Vec<u64>> + Send + use<> {
        let server = self.server;
        let interval = match self.pace {
            Pace::Full => None,
            Pace::Rate(rate) => Some(Duration::from_secs_f64(
                self.connections as f64 / f64::from(rate),
            )),
        };
        let share = index as f64 / self.connections as f64;
        async move {
            let mut stream = TcpStream::connect(server).await.expect("a connection");
            stream.set_nodelay(true).expect("no delay");
            let mut latencies = Vec::new();
            let mut answer = Vec::with_capacity(16 * 1024);
            // Connections take turns.
            let mut due = start + interval.unwrap_or_default().mul_f64(share);
            while due < end {
                // What waited for the answer before it waited for the server; what waited for
                // a timer, which is late by up to a millisecond, did not.
                let is_held_up = Instant::now() > due;
                sleep_until(due).await;
                let asked = if is_held_up { due } else { Instant::now() };
                stream.write_all(REQUEST).await.expect("a request");
                read_answer(&mut stream, &mut answer).await;
                latencies.push(asked.elapsed().as_nanos() as u64);
                due = match interval {
                    Some(interval) => due + interval,
                    None => Instant::now(),
                };
            }
            latencies
        }
    }
}

/// Reads one answer to its end.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) {
    answer.clear();
    loop {
        let read = stream.read_buf(answer).await.expect("an answer");
        assert!(read > 0, "the server has closed the connection");
        if let Some(length) = length_of_answer(answer)
            && answer.len() >= length
        {
            assert!(answer.starts_with(b"HTTP/1.1 200 "), "not 200");
            return;
        }
    }
}

/// How long the answer is, with its head; `None` until all of that is there.
fn length_of_answer(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    })?;
    Some(head + length.trim().parse::<usize>().ok()?)
}
