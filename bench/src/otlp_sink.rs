//! Takes OTLP over HTTP, counts the spans, and forgets them: a collector that costs next to
//! nothing.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::client::length_of;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n";

/// A sink that listens as long as the process lives.
#[derive(Clone, Debug)]
pub(crate) struct OtlpSink {
    address: SocketAddr,
    spans: Arc<AtomicU64>,
}

impl OtlpSink {
    /// Starts one on a thread of its own.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let sink = Self {
            address: listener.local_addr().expect("its address"),
            spans: Arc::default(),
        };
        let spans = Arc::clone(&sink.spans);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let spans = Arc::clone(&spans);
                thread::spawn(move || serve(stream, &spans));
            }
        });
        sink
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many spans have come since it was asked last.
    pub(crate) fn take_spans(&self) -> u64 {
        self.spans.swap(0, Ordering::Relaxed)
    }
}

/// Answers all requests of a connection.
fn serve(mut stream: TcpStream, spans: &AtomicU64) {
    let mut bytes = vec![0; 64 * 1024];
    let mut request = Vec::new();
    loop {
        match stream.read(&mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&bytes[..read]),
        }
        while let Some(length) = length_of(&request)
            && request.len() >= length
        {
            if request.starts_with(b"POST /v1/traces ") {
                let body = request[..length]
                    .windows(4)
                    .position(|end| end == b"\r\n\r\n");
                let body = &request[body.map_or(length, |head| head + 4)..length];
                spans.fetch_add(spans_of(body), Ordering::Relaxed);
            }
            request.drain(..length);
            if stream.write_all(ANSWER).is_err() {
                return;
            }
        }
    }
}

/// Counts the spans of an `ExportTraceServiceRequest`: field 1 has `ResourceSpans`, whose field 2
/// has `ScopeSpans`, whose field 2 is a span each.
fn spans_of(request: &[u8]) -> u64 {
    let spans = messages(request, 1)
        .flat_map(|resource| messages(resource, 2))
        .flat_map(|scope| messages(scope, 2));
    spans.count() as u64
}

/// The messages in a field of a message of Protocol Buffers whose other fields are messages and
/// strings too, as those above are.
fn messages(mut message: &[u8], wanted: u64) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            let key = varint(&mut message)?;
            let length = varint(&mut message)? as usize;
            let (content, rest) = message.split_at_checked(length)?;
            message = rest;
            if key >> 3 == wanted {
                return Some(content);
            }
        }
    })
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
