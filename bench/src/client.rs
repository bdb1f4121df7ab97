//! Asks a server over some connections that are kept.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const CONNECTIONS: u32 = 8;
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gives the bytes of the next request.
pub(crate) type Requests = Box<dyn FnMut() -> Vec<u8>>;

/// How fast requests come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Each connection asks again as soon as it is answered.
    Full,
    /// So many a second, over all connections, whether the answers come or not.
    Rate(u32),
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("as fast as the answers come"),
            Self::Rate(rate) => write!(f, "{rate} requests a second"),
        }
    }
}

/// Asks for as long, and gives the nanoseconds from when each request was due to its answer.
///
/// It looks for answers without ever sleeping: no timer and no wake-up is in what it measures,
/// and it takes a core of its own.
///
/// # Panics
///
/// When an answer does not come, or is not a success.
pub(crate) fn ask(
    server: SocketAddr,
    pace: Pace,
    duration: Duration,
    requests: &mut Requests,
) -> Vec<u64> {
    let interval = match pace {
        Pace::Full => Duration::ZERO,
        Pace::Rate(rate) => Duration::from_secs(1) / rate,
    };
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| Connection::open(server)).collect();
    let start = Instant::now();
    // Connections take turns.
    for (connection, turn) in connections.iter_mut().zip(0..) {
        connection.due = start + interval * turn;
    }
    let end = start + duration;
    let mut latencies = Vec::new();
    loop {
        let mut is_over = true;
        for connection in &mut connections {
            if let Some(asked) = connection.asked {
                is_over = false;
                if connection.is_answered() {
                    let now = Instant::now();
                    latencies.push((now - asked).as_nanos() as u64);
                    connection.free_since = now;
                    connection.due = match pace {
                        Pace::Full => now,
                        Pace::Rate(_) => connection.due + interval * CONNECTIONS,
                    };
                }
            } else if connection.due < end {
                is_over = false;
                let now = Instant::now();
                if now >= connection.due {
                    connection.ask(&requests(), now);
                }
            }
        }
        if is_over {
            return latencies;
        }
    }
}

/// Asks once.
pub(crate) fn ask_once(server: SocketAddr, request: &[u8]) -> String {
    let mut connection = Connection::open(server);
    connection.ask(request, Instant::now());
    while !connection.is_answered() {}
    String::from_utf8_lossy(&connection.answer).into_owned()
}

struct Connection {
    stream: TcpStream,
    /// When the next request is due.
    due: Instant,
    /// When the last answer came.
    free_since: Instant,
    /// Since when an answer is waited for.
    asked: Option<Instant>,
    answer: Vec<u8>,
}

impl Connection {
    fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        stream
            .set_nonblocking(true)
            .expect("reads that do not wait");
        let now = Instant::now();
        Self {
            stream,
            due: now,
            free_since: now,
            asked: None,
            answer: Vec::with_capacity(16 * 1024),
        }
    }

    fn ask(&mut self, request: &[u8], now: Instant) {
        // What waited for the answer before it waited for the server; what waited for this
        // program, which the system had stopped, did not.
        let is_held_up = self.free_since > self.due;
        self.asked = Some(if is_held_up { self.due } else { now });
        self.answer.clear();
        self.stream.write_all(request).expect("a request");
    }

    /// Reads what there is. Says whether that was the end of the answer.
    fn is_answered(&mut self) -> bool {
        let mut bytes = [0; 16 * 1024];
        match self.stream.read(&mut bytes) {
            Ok(0) => panic!("the server has closed the connection"),
            Ok(read) => self.answer.extend_from_slice(&bytes[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let is_late = self.asked.is_some_and(|asked| asked.elapsed() > PATIENCE);
                assert!(!is_late, "no answer within {PATIENCE:?}");
                return false;
            }
            Err(error) => panic!("no answer: {error}"),
        }
        let is_whole = length_of(&self.answer).is_some_and(|length| self.answer.len() >= length);
        if is_whole {
            self.asked = None;
            let is_success = self.answer.starts_with(b"HTTP/1.1 2");
            assert!(is_success, "{}", String::from_utf8_lossy(&self.answer));
        }
        is_whole
    }
}

/// How long a message of HTTP is, with its head; `None` until all of the head is there.
pub(crate) fn length_of(message: &[u8]) -> Option<usize> {
    let head = message.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&message[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    Some(head + length.map_or(Some(0), |length| length.trim().parse().ok())?)
}
