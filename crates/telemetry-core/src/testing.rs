//! The test kit: captures log lines as typed events, each test its own.
//!
//! ```
//! use telemetry_core::{Scope, testing::capture_logs};
//!
//! let logs = capture_logs();
//! Scope::builder().field("request.id", "abc-123").build().in_scope(|| {
//!     tracing::info!(players = 12, "tournament_shown");
//! });
//!
//! let event = logs.single("tournament_shown");
//! assert_eq!(event["players"], 12);
//! assert_eq!(event["request.id"], "abc-123");
//! ```
//!
//! A capture sees the events of the thread that made it, of all threads and tasks of the
//! tokio runtime it was made in (also of tasks that a library spawns), and of everything
//! that carries a scope of theirs, as [`spawn`](crate::spawn),
//! [`spawn_blocking`](crate::spawn_blocking) and [`spawn_thread`](crate::spawn_thread) do.
//! Tests that run at the same time in one process do not see each other's events and need
//! not wait for each other. A thread started by `std::thread::spawn` belongs to no test.
//!
//! Events of every level are captured, whatever `LOG_LEVEL` says; those of noisy libraries
//! from warnings on.

mod capture;
mod late;
mod tag;

pub use capture::{CaptureId, CapturedEvent, LogCapture, captures};
pub(crate) use late::LateLayer;
pub use late::add_span_layer;
pub(crate) use tag::Tag;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::config::Config;
use crate::install;
use crate::line::{LineLayer, LogFormat};

/// Starts to capture the log lines of this test.
///
/// The first call in a process installs a subscriber, unless
/// [`Telemetry`](crate::Telemetry) has been installed before.
///
/// # Panics
///
/// When another `tracing` subscriber has been set for the process. Add
/// [`capture_layer`] to it then.
#[must_use = "events are captured as long as the capture is kept"]
#[expect(clippy::panic, reason = "a test has no better way to fail")]
pub fn capture_logs() -> LogCapture {
    if let Err(error) = install::install_for_tests()
        && !IS_LAYER_IN_USE.load(Ordering::Acquire)
    {
        panic!("cannot capture logs: {error}, or telemetry_core::testing::capture_layer for tests");
    }
    LogCapture::start()
}

/// Whether a subscriber has the layer of [`capture_layer`].
static IS_LAYER_IN_USE: AtomicBool = AtomicBool::new(false);

/// Makes the layer that gives events to the captures, for a subscriber of your own.
pub fn capture_layer<S>() -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let sink = |line: &[u8], level| {
        if let Some(capture) = Tag::current().as_ref().and_then(Tag::capture) {
            capture.push(CapturedEvent::new(line, level));
        }
    };
    let everything = Config::default().with_level(tracing::Level::TRACE);
    LineLayer::new(LogFormat::Json, Arc::new(sink))
        .with_line_limit_in_effect()
        .with_filter(everything.line_filter())
        .and_then(NoteUse.with_filter(LevelFilter::OFF))
}

/// Notes that a subscriber has this layer.
struct NoteUse;

impl<S: Subscriber> Layer<S> for NoteUse {
    fn on_register_dispatch(&self, _: &Dispatch) {
        IS_LAYER_IN_USE.store(true, Ordering::Release);
    }
}
