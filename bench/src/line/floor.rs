//! The least that a line with these fields can cost: exactly our line, by a function that can write
//! nothing else.

use std::cell::RefCell;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use telemetry_core::{LineLayer, LogFormat};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::counts::give_up;
use crate::line::{event, reference_scope};
use crate::{Request, Work, request};

/// The timestamp up to its second, as `2026-11-21T14:35:14.`.
const SECOND: usize = 20;

/// What is kept from line to line: the buffer, the context, and the second that was last seen.
#[derive(Default)]
struct Floor {
    line: Vec<u8>,
    context: Vec<u8>,
    second: (u64, [u8; SECOND]),
}

/// The buffer is the thread's own, as that of all who write lines.
pub fn floor() -> Work {
    thread_local! {
        static FLOOR: RefCell<Floor> = RefCell::default();
    }
    let ours = our_line();
    FLOOR.with_borrow_mut(|floor| {
        floor.context = context(&request());
        floor.write(&request());
        let line = String::from_utf8_lossy(&floor.line);
        assert_eq!(
            without_timestamp(&line),
            without_timestamp(&ours),
            "the floor writes our line"
        );
    });
    Box::new(|| {
        let request = request();
        FLOOR.with_borrow_mut(|floor| {
            floor.write(&request);
            give_up(&floor.line);
        });
    })
}

impl Floor {
    /// Writes the line of a request. None of its strings has anything to escape.
    fn write(&mut self, request: &Request) {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        if self.second.0 != now.as_secs() {
            self.second = (now.as_secs(), second(now.as_secs()));
        }
        let line = &mut self.line;
        line.clear();
        line.extend_from_slice(b"{\"timestamp\":\"");
        line.extend_from_slice(&self.second.1);
        line.extend_from_slice(&six_digits(now.subsec_micros()));
        line.extend_from_slice(
            b"Z\",\"level\":\"info\",\"logger\":\"bench::line\",\"event\":\"request_completed\",\
              \"http.method\":\"",
        );
        line.extend_from_slice(request.method.as_bytes());
        line.extend_from_slice(b"\",\"http.route\":\"");
        line.extend_from_slice(request.route.as_bytes());
        line.extend_from_slice(b"\",\"http.status_code\":");
        line.extend_from_slice(itoa::Buffer::new().format(request.status).as_bytes());
        line.extend_from_slice(b",\"duration_ms\":");
        line.extend_from_slice(zmij::Buffer::new().format(request.duration_ms).as_bytes());
        line.extend_from_slice(&self.context);
        line.extend_from_slice(b"}\n");
    }
}

/// Renders the context, once for all lines.
fn context(request: &Request) -> Vec<u8> {
    let mut context = Vec::new();
    // Writing to a vector does not fail.
    let _ = write!(
        context,
        r#","request.id":"{}","user.id":{},"labels":["{}"],"tournament.id":{}"#,
        request.id,
        request.user,
        request.labels.join("\",\""),
        request.tournament,
    );
    context
}

/// The second of a timestamp.
fn second(since_epoch: u64) -> [u8; SECOND] {
    let second = i64::try_from(since_epoch).unwrap_or_default();
    let text = jiff::Timestamp::from_second(second)
        .map(|timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%S.").to_string());
    let text = text.unwrap_or_default();
    text.as_bytes().try_into().unwrap_or([b'0'; SECOND])
}

fn six_digits(value: u32) -> [u8; 6] {
    let digit = |unit: u32| b'0' + (value / unit % 10) as u8;
    [
        digit(100_000),
        digit(10_000),
        digit(1000),
        digit(100),
        digit(10),
        digit(1),
    ]
}

/// One line of ours, with the same context and event.
fn our_line() -> String {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    let layer = LineLayer::new(LogFormat::Json, move |line: &[u8], _| {
        written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(line);
    });
    let subscriber = tracing_subscriber::registry().with(layer);
    tracing::subscriber::with_default(subscriber, || {
        reference_scope(&request()).in_scope(event);
    });
    let lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    String::from_utf8_lossy(&lines).into_owned()
}

fn without_timestamp(line: &str) -> &str {
    line.split_once(",\"level\"").unwrap_or_default().1
}
