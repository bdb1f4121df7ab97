//! Captured events.

use std::fmt::Write as _;
use std::ops::Index;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tracing::Level;

use crate::decode;
use crate::names;
use crate::testing::Tag;
use crate::value::Value;

/// How long [`LogCapture::wait_for`] waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// The events of one test, from [`capture_logs`](crate::testing::capture_logs) until it is
/// dropped.
#[derive(Debug)]
#[must_use = "events are captured as long as the capture is kept"]
pub struct LogCapture {
    captured: Arc<Captured>,
    before: Option<Tag>,
}

#[derive(Debug, Default)]
pub(super) struct Captured {
    /// Its own first, then those of the captures that it began within.
    ids: Vec<CaptureId>,
    events: Mutex<Vec<CapturedEvent>>,
    more: Notify,
}

/// A capture, for kits that capture something else beside log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CaptureId(u64);

impl CaptureId {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// A number that no other capture of the process has.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl From<u64> for CaptureId {
    /// Makes the id that [`get`](Self::get) gave.
    fn from(id: u64) -> Self {
        Self(id)
    }
}

/// The captures that what is running belongs to: the innermost first.
#[must_use]
pub fn captures() -> Vec<CaptureId> {
    let capture = Tag::current().and_then(|tag| tag.capture());
    capture.map_or_else(Vec::new, |capture| capture.ids.clone())
}

impl Captured {
    pub(super) fn push(&self, event: CapturedEvent) {
        self.events
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
        self.more.notify_waiters();
    }
}

impl LogCapture {
    pub(super) fn start() -> Self {
        let captured = Arc::new(Captured {
            ids: [CaptureId::new()].into_iter().chain(captures()).collect(),
            ..Captured::default()
        });
        let before = Tag::new(&captured).mark_thread();
        Self { captured, before }
    }

    /// All events so far, in the order in which they came.
    #[must_use]
    pub fn events(&self) -> Vec<CapturedEvent> {
        let events = self.captured.events.lock();
        events.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events of this name so far.
    #[must_use]
    pub fn named(&self, event: &str) -> Vec<CapturedEvent> {
        let mut events = self.events();
        events.retain(|captured| captured.event == event);
        events
    }

    /// The one event of this name.
    ///
    /// # Panics
    ///
    /// When there is none or more than one; the message shows all lines.
    #[track_caller]
    #[expect(clippy::panic, reason = "a test has no better way to fail")]
    pub fn single(&self, event: &str) -> CapturedEvent {
        let mut events = self.named(event);
        match (events.len(), events.pop()) {
            (1, Some(event)) => event,
            (count, _) => panic!("{count} events {event:?} among these:\n{}", self.text()),
        }
    }

    /// Waits for an event of this name, for at most ten seconds, and returns the first.
    ///
    /// # Panics
    ///
    /// When it does not come; the message shows all lines.
    #[expect(clippy::panic, reason = "a test has no better way to fail")]
    pub async fn wait_for(&self, event: &str) -> CapturedEvent {
        let arrival = async {
            loop {
                let more = self.captured.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                if let Some(event) = self.named(event).into_iter().next() {
                    return event;
                }
                more.await;
            }
        };
        match tokio::time::timeout(PATIENCE, arrival).await {
            Ok(event) => event,
            Err(_) => panic!("no event {event:?} among these:\n{}", self.text()),
        }
    }

    /// All lines so far, as they would be written in JSON.
    #[must_use]
    pub fn text(&self) -> String {
        self.events().iter().fold(String::new(), |mut text, event| {
            // Writing to a string does not fail.
            let _infallible = writeln!(text, "{}", event.line);
            text
        })
    }
}

impl Drop for LogCapture {
    fn drop(&mut self) {
        Tag::new(&self.captured).unmark_thread(self.before.take());
    }
}

/// One event, with the context that its line carries.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CapturedEvent {
    /// Its level.
    pub level: Level,
    /// The target: the `logger` of its line.
    pub logger: String,
    /// Its name: the `event` of its line.
    pub event: String,
    /// All other fields, its own first, then those of spans and of the context.
    pub fields: Vec<(String, Value)>,
    /// The line in JSON, without the line end.
    pub line: String,
}

impl CapturedEvent {
    pub(super) fn new(line: &[u8], level: Level) -> Self {
        let (mut logger, mut event) = (String::new(), String::new());
        let mut fields = Vec::new();
        for (key, value) in decode::line(line) {
            match &*key {
                names::TIMESTAMP | names::LEVEL => {}
                names::LOGGER => logger = value.to_string(),
                names::EVENT => event = value.to_string(),
                _ => fields.push((key.into_owned(), value)),
            }
        }
        Self {
            level,
            logger,
            event,
            fields,
            line: String::from_utf8_lossy(line).trim_end().to_owned(),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.fields
            .iter()
            .find_map(|(known, value)| (known == key).then_some(value))
    }

    /// The keys of all fields.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(key, _)| key.as_str())
    }
}

impl Index<&str> for CapturedEvent {
    type Output = Value;

    /// # Panics
    ///
    /// When the event has no such field; the message shows the line.
    #[expect(clippy::panic, reason = "a test has no better way to fail")]
    fn index(&self, key: &str) -> &Value {
        match self.get(key) {
            Some(value) => value,
            None => panic!("no field {key:?} in {}", self.line),
        }
    }
}
