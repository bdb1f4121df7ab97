//! Who takes a finished line and brings it to the output.

use std::hint::black_box;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use telemetry_core::{Config, LineLayer, LineSink, LogFormat, Telemetry};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::NonBlockingBuilder;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::writer::output::Output;

/// How long the end waits for what is not yet written.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Contender {
    pub(super) name: &'static str,
    /// Installs it, and gives what brings all lines to the output and then says what became
    /// of them.
    pub(super) set_up: fn(Output) -> Box<dyn FnOnce() -> Counts>,
}

/// What a contender says of its lines at the end.
pub(super) struct Counts {
    /// `None` where it cannot say so.
    pub(super) dropped: Option<u64>,
}

pub(super) const CONTENDERS: [Contender; 5] = [
    Contender {
        name: "no-writer",
        set_up: no_writer,
    },
    Contender {
        name: "telemetry",
        set_up: telemetry,
    },
    Contender {
        name: "tracing-appender-lossy",
        set_up: |output| tracing_appender(output, true),
    },
    Contender {
        name: "tracing-appender-blocking",
        set_up: |output| tracing_appender(output, false),
    },
    Contender {
        name: "mutex",
        set_up: mutex,
    },
];

fn config() -> Config {
    Config::default()
        .with_deployment("prod")
        .with_level(LevelFilter::INFO)
}

/// Installs the layer that makes the lines, as `Telemetry` does, for a sink of another kind.
fn install(sink: impl LineSink + Send + Sync + 'static) {
    let layer = LineLayer::new(LogFormat::Json, sink);
    tracing_subscriber::registry()
        .with(layer.with_filter(config().line_filter()))
        .init();
}

/// Looks at lines and forgets them: what a line costs before anybody takes it.
fn no_writer(_: Output) -> Box<dyn FnOnce() -> Counts> {
    install(|line: &[u8], _: Level| {
        black_box(line);
    });
    Box::new(|| Counts { dropped: None })
}

fn telemetry(output: Output) -> Box<dyn FnOnce() -> Counts> {
    let guard = Telemetry::builder()
        .with_config(config())
        .with_output(output)
        .install()
        .expect("telemetry");
    Box::new(move || {
        assert!(guard.flush(PATIENCE), "lines are left");
        let dropped = telemetry_core::statistics().dropped;
        Counts {
            dropped: Some(dropped),
        }
    })
}

fn tracing_appender(output: Output, is_lossy: bool) -> Box<dyn FnOnce() -> Counts> {
    let (writer, guard) = NonBlockingBuilder::default().lossy(is_lossy).finish(output);
    let counter = writer.error_counter();
    let lines = writer.clone();
    install(move |line: &[u8], _: Level| {
        let _never_fails = lines.clone().write_all(line);
    });
    Box::new(move || {
        // The thread ends when the lines before are written.
        drop(guard);
        Counts {
            dropped: Some(counter.dropped_lines() as u64),
        }
    })
}

/// The output behind a lock, as the standard output is.
fn mutex(output: Output) -> Box<dyn FnOnce() -> Counts> {
    let output = Mutex::new(output);
    install(move |line: &[u8], _: Level| {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        let _never_fails = output.write_all(line);
    });
    Box::new(|| Counts { dropped: Some(0) })
}
