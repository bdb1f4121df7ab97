//! The thread that makes records of lines.

use std::sync::Arc;

use opentelemetry::InstrumentationScope;
use opentelemetry::logs::{Logger as _, LoggerProvider as _};
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::logs::{SdkLogger, SdkLoggerProvider};
use opentelemetry_semantic_conventions::SCHEMA_URL;
use telemetry_core::panic;

use crate::config::Signal;
use crate::exporter::{Health, lower_priority};
use crate::logs::queue::{Lines, Queue, Task};
use crate::logs::record::Decoder;

/// Makes records of one batch after the other, each once the one before has gone.
#[derive(Debug)]
pub(super) struct Worker {
    queue: Arc<Queue>,
    provider: SdkLoggerProvider,
    logger: SdkLogger,
    decoder: Decoder,
    health: Arc<Health>,
}

impl Worker {
    pub(super) fn new(
        queue: Arc<Queue>,
        provider: SdkLoggerProvider,
        health: &Arc<Health>,
    ) -> Self {
        Self {
            queue,
            logger: provider.logger_with_scope(scope()),
            provider,
            decoder: Decoder::default(),
            health: Arc::clone(health),
        }
    }

    /// Works until the queue ends. A panic is a line of its own, costs the lines that were taken, and
    /// the work is begun anew.
    pub(super) fn run(mut self) {
        lower_priority();
        while panic::catch(|| self.export_all()).is_err() {
            self.queue.abandoned();
        }
    }

    fn export_all(&mut self) {
        let mut lines = Lines::default();
        while let Task::Export { flushes } = self.queue.take(&mut lines) {
            for batch in lines.batches(self.queue.batch_size()) {
                let mut count = 0;
                for line in batch {
                    count += 1;
                    let record = self.logger.create_log_record();
                    match self.decoder.decode(line, record) {
                        Some(record) => self.logger.emit(record),
                        None => self.health.unmade(Signal::Logs, 1),
                    }
                }
                self.wait();
                self.queue.sent(count);
            }
            self.queue.exported(flushes);
        }
    }

    /// Waits until the provider has exported what it has, or failed to.
    fn wait(&self) {
        // It waits a time of its own, which may be shorter than an export.
        while let Err(OTelSdkError::Timeout(_)) = self.provider.force_flush() {}
    }
}

/// The scope of all records but for its name, which is the `logger` of each.
fn scope() -> InstrumentationScope {
    InstrumentationScope::builder("")
        .with_schema_url(SCHEMA_URL)
        .build()
}
