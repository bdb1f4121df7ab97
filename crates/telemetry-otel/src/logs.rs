//! Log records: copies of lines, which wait as bytes until there is time to export them.

mod queue;
mod record;
mod thread;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::logs::SdkLoggerProvider;
use telemetry_core::{LineSink, LineSource};
use tracing::Level;

use crate::config::BatchSettings;
use crate::exporter::Health;
use crate::logs::queue::Queue;
use crate::logs::thread::Worker;
use crate::origin::Origin;

/// Exports each line as a log record. What is exported is what is written: the same fields, of
/// the same types, in the same order.
///
/// Whoever logs only copies the line. A thread makes records of as many as are exported at once,
/// and of no more before these have gone: a collector that does not answer costs the application
/// a queue that stays full.
#[derive(Clone, Debug)]
pub(crate) struct LogRecords {
    queue: Arc<Queue>,
    provider: SdkLoggerProvider,
    origin: Origin,
}

impl LogRecords {
    /// Starts the thread that makes records for the provider.
    ///
    /// # Errors
    ///
    /// When the operating system cannot.
    pub(crate) fn start(
        provider: SdkLoggerProvider,
        settings: BatchSettings,
        health: &Arc<Health>,
    ) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(settings, Arc::clone(health)));
        let worker = Worker::new(Arc::clone(&queue), provider.clone(), health);
        std::thread::Builder::new()
            .name("telemetry-records".into())
            .spawn(move || worker.run())?;
        Ok(Self {
            queue,
            provider,
            origin: Origin::new(),
        })
    }

    /// Waits until all lines that it has taken so far are exported, or could not be.
    pub(crate) fn force_flush(&self) -> OTelSdkResult {
        self.queue.flush();
        Ok(())
    }

    /// Takes no more lines, and waits until those that it has are exported.
    ///
    /// # Errors
    ///
    /// When that takes longer than `timeout`, or the provider says so.
    pub(crate) fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        match self.queue.end(timeout) {
            Some(left) => self.provider.shutdown_with_timeout(left),
            None => Err(OTelSdkError::Timeout(timeout)),
        }
    }
}

impl LineSink for LogRecords {
    #[inline]
    fn accept_with_source(&self, line: &[u8], source: &LineSource) {
        self.push(line, Some(*source));
    }

    #[inline]
    fn accept(&self, line: &[u8], _level: Level) {
        self.push(line, None);
    }
}

impl LogRecords {
    #[inline]
    fn push(&self, line: &[u8], source: Option<LineSource>) {
        // A forked child has no thread that would export it, and may find the queue locked for ever.
        if !self.origin.is_forked() {
            self.queue.push(line, source);
        }
    }
}
