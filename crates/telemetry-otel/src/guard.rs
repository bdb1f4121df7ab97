//! Ending log lines and export, with the last guard.

use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use telemetry_core::{TelemetryGuard, names, panic};

use crate::exporter::{LOGGER, Loss};
use crate::pipeline::{Action, Pipeline};

/// How long the end of the program waits for export, unless it says so itself.
const DEFAULT_DEADLINE: Duration = Duration::from_secs(5);

/// What the guards of the process share.
static PIPELINE: Mutex<Weak<Pipeline>> = Mutex::new(Weak::new());

/// Ends log lines and export when it is the last guard. Keep it until the end of `main`.
///
/// A forked child exports nothing, and its guard waits for nothing.
#[derive(Debug)]
#[must_use = "what waits to be exported is lost when the program ends without it"]
pub struct OtelGuard {
    lines: TelemetryGuard,
    /// Absent when nothing is exported.
    pipeline: Option<Arc<Pipeline>>,
}

impl OtelGuard {
    /// Makes the first guard.
    pub(crate) fn new(lines: TelemetryGuard, pipeline: Option<Pipeline>) -> Self {
        let pipeline = pipeline.map(Arc::new);
        if let Some(pipeline) = &pipeline {
            let mut shared = PIPELINE.lock().unwrap_or_else(PoisonError::into_inner);
            *shared = Arc::downgrade(pipeline);
        }
        Self { lines, pipeline }
    }

    /// Makes a guard of what is installed already.
    pub(crate) fn further(lines: TelemetryGuard) -> Self {
        let shared = PIPELINE.lock().unwrap_or_else(PoisonError::into_inner);
        Self {
            lines,
            pipeline: shared.upgrade(),
        }
    }

    /// Says whether anything is exported.
    #[must_use]
    pub fn exports(&self) -> bool {
        self.pipeline.is_some()
    }

    /// Log lines alone.
    pub fn lines(&self) -> &TelemetryGuard {
        &self.lines
    }

    /// Waits until all that was recorded so far is exported and written; `false` when
    /// `deadline` passes first, or an export fails. Blocks the thread: for short-lived
    /// processes, and before a fork or suspend.
    pub fn flush(&self, deadline: Duration) -> bool {
        let begun = Instant::now();
        let exported = export(self.pipeline.as_deref(), Action::Flush, deadline);
        self.lines.flush(deadline.saturating_sub(begun.elapsed())) && exported
    }

    /// Exports what waits, ends export, and waits until all lines are written, without
    /// blocking the thread; `false` when `deadline` passes first, or an export fails. Export ends with
    /// the last guard.
    ///
    /// Works on any flavour of runtime, and comes back by the deadline whatever the
    /// collector does.
    pub async fn shutdown(mut self, deadline: Duration) -> bool {
        let begun = Instant::now();
        let pipeline = last(self.pipeline.take());
        let (done, is_done) = tokio::sync::oneshot::channel();
        // A thread of its own: the runtime may be the one thread that tasks need.
        let waiter = thread::Builder::new()
            .name("telemetry-shutdown".into())
            .spawn(move || {
                let shutdown = Action::Shutdown(deadline);
                done.send(export(pipeline.as_ref(), shutdown, deadline))
            });
        let exported = match waiter {
            Ok(_) => is_done.await.unwrap_or_default(),
            Err(_) => false,
        };
        // What ends export may have logged.
        let left = deadline.saturating_sub(begun.elapsed());
        let lines = std::mem::replace(&mut self.lines, TelemetryGuard::inert());
        lines.shutdown(left).await && exported
    }
}

impl Drop for OtelGuard {
    fn drop(&mut self) {
        let shutdown = Action::Shutdown(DEFAULT_DEADLINE);
        let pipeline = last(self.pipeline.take());
        let _is_exported = export(pipeline.as_ref(), shutdown, DEFAULT_DEADLINE);
    }
}

/// Takes the pipeline from the last guard, to be ended.
fn last(pipeline: Option<Arc<Pipeline>>) -> Option<Pipeline> {
    let pipeline = pipeline?;
    if pipeline.origin.is_forked() {
        // Its providers would wait for threads that the child has not.
        std::mem::forget(pipeline);
        return None;
    }
    Arc::into_inner(pipeline)
}

/// Flushes or ends all providers at the same time, each on a thread of its own, and waits
/// for them; `false` when one fails, `deadline` passes first, or an export fails meanwhile.
fn export(pipeline: Option<&Pipeline>, action: Action, deadline: Duration) -> bool {
    let Some(pipeline) = pipeline else {
        return true;
    };
    if pipeline.origin.is_forked() {
        return true;
    }
    let begun = Instant::now();
    panic::wait_until_idle(deadline);
    let failures = pipeline.health.all_failures();
    let (done, is_done) = mpsc::channel();
    let mut waiting = 0;
    for action in pipeline.each(action) {
        let done = done.clone();
        let thread = thread::Builder::new()
            .name("telemetry-shutdown".into())
            // Nobody may wait any more.
            .spawn(move || done.send(action().is_ok()));
        waiting += 1;
        if thread.is_err() {
            return false;
        }
    }
    let results = (0..waiting).map(|_| {
        let left = deadline.saturating_sub(begun.elapsed());
        is_done.recv_timeout(left).unwrap_or_default()
    });
    // Not `all`, which would not wait for those behind one that failed.
    let failed = results.filter(|is_ok| !is_ok).count();
    if let Action::Shutdown(_) = action {
        write_loss(&pipeline.health.loss(), deadline, failed > 0);
    }
    // A provider that ends says nothing of an export that fails.
    failed == 0 && pipeline.health.all_failures() == failures
}

/// Writes what did not reach the collector, if anything did not.
fn write_loss(loss: &Loss, deadline: Duration, is_late: bool) {
    let Loss {
        items: [spans, data_points, log_records],
        error,
    } = loss;
    if spans + data_points + log_records == 0 {
        return;
    }
    let late = is_late.then(|| format!("export did not end within {deadline:?}"));
    let error = error.clone().or(late);
    tracing::warn!(
        target: LOGGER,
        message = names::event::OTEL_RECORDS_LOST,
        { names::LOST_SPANS } = spans,
        { names::LOST_DATA_POINTS } = data_points,
        { names::LOST_LOG_RECORDS } = log_records,
        { names::ERROR } = error,
    );
}
