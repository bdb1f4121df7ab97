//! A client that knows what bytes are.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use otlp_test_collector::Collector;

/// After this a client that waits for an answer gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long a client listens that is to hear nothing.
const SILENCE: Duration = Duration::from_millis(50);

/// Connects, with a bound on each read.
pub(crate) fn connect(collector: &Collector) -> TcpStream {
    let stream = TcpStream::connect(collector.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends an empty export over HTTP/1.
pub(crate) fn send(stream: &mut TcpStream) {
    send_to(
        stream,
        "/v1/traces",
        "content-type: application/x-protobuf\r\n",
        b"",
    );
}

/// Sends a request over HTTP/1, with these header lines.
pub(crate) fn send_to(stream: &mut TcpStream, path: &str, headers: &str, body: &[u8]) {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\n{headers}content-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
}

/// Reads one answer with a content length, and leaves the connection open.
pub(crate) fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut byte = [0];
    while !read.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        read.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&read).into_owned();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.unwrap().parse().unwrap()];
    stream.read_exact(&mut body).unwrap();
    head + &String::from_utf8_lossy(&body)
}

/// Reads until the connection ends.
pub(crate) fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    match stream.read_to_end(&mut read) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the connection has not ended: {error}"),
    }
    read
}

/// Whether the connection is open and nothing comes, for a while.
pub(crate) fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let kind = read.map_err(|error| error.kind());
    matches!(
        kind,
        Err(io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
    )
}
