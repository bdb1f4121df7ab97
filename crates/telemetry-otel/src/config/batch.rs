//! How spans and log records are gathered before they are sent.

use std::time::Duration;

use telemetry_core::EnvironmentReader;

use super::TIME_RANGE;
use super::otlp::milliseconds;

/// What a queue may hold: its memory is taken at the start.
const MAX_QUEUE_SIZE: usize = 1 << 20;

/// How spans or log records are gathered into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    max_queue_size: usize,
    max_export_batch_size: usize,
    schedule_delay: Duration,
    export_timeout: Duration,
}

impl BatchSettings {
    /// The specification's defaults for spans: 2,048 wait at most, 512 are sent at once, after 5 s,
    /// within 30 s.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_queue_size: 2048,
            max_export_batch_size: 512,
            schedule_delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        }
    }

    /// How many wait at most; more are dropped.
    #[must_use]
    pub fn max_queue_size(self) -> usize {
        self.max_queue_size
    }

    /// Sets how many wait at most: 1 to 1,048,576, and the nearest of these otherwise. A batch is
    /// never larger.
    #[must_use]
    pub fn with_max_queue_size(mut self, size: usize) -> Self {
        self.max_queue_size = size.clamp(1, MAX_QUEUE_SIZE);
        self.max_export_batch_size = self.max_export_batch_size.min(self.max_queue_size);
        self
    }

    /// How many are sent at once.
    #[must_use]
    pub fn max_export_batch_size(self) -> usize {
        self.max_export_batch_size
    }

    /// Sets how many are sent at once: 1 to what the queue holds, and the nearest of these otherwise.
    #[must_use]
    pub fn with_max_export_batch_size(mut self, size: usize) -> Self {
        self.max_export_batch_size = size.clamp(1, self.max_queue_size);
        self
    }

    /// How long the first of a batch waits for others.
    #[must_use]
    pub fn schedule_delay(self) -> Duration {
        self.schedule_delay
    }

    /// Sets how long the first of a batch waits for others: a millisecond to a day, and the nearest
    /// of these otherwise.
    #[must_use]
    pub fn with_schedule_delay(mut self, delay: Duration) -> Self {
        self.schedule_delay = delay.clamp(*TIME_RANGE.start(), *TIME_RANGE.end());
        self
    }

    /// How long sending a batch may take.
    #[must_use]
    pub fn export_timeout(self) -> Duration {
        self.export_timeout
    }

    /// Sets how long sending a batch may take: a millisecond to a day, and the nearest of these
    /// otherwise.
    #[must_use]
    pub fn with_export_timeout(mut self, timeout: Duration) -> Self {
        self.export_timeout = timeout.clamp(*TIME_RANGE.start(), *TIME_RANGE.end());
        self
    }

    /// Reads the variables that begin with `prefix`.
    pub(super) fn read(
        reader: &mut EnvironmentReader<'_>,
        prefix: &str,
        schedule_delay: Duration,
    ) -> Self {
        let mut settings = Self::new().with_schedule_delay(schedule_delay);
        for (suffix, setting) in [
            ("MAX_QUEUE_SIZE", &mut settings.max_queue_size),
            ("MAX_EXPORT_BATCH_SIZE", &mut settings.max_export_batch_size),
        ] {
            let name = format!("{prefix}_{suffix}");
            reader.parsed(&name, setting, count, usize::clone);
        }
        for (suffix, setting) in [
            ("SCHEDULE_DELAY", &mut settings.schedule_delay),
            ("EXPORT_TIMEOUT", &mut settings.export_timeout),
        ] {
            let name = format!("{prefix}_{suffix}");
            reader.parsed(&name, setting, milliseconds, Duration::as_millis);
        }
        if settings.max_export_batch_size > settings.max_queue_size {
            settings.max_export_batch_size = settings.max_queue_size;
            let name = format!("{prefix}_MAX_EXPORT_BATCH_SIZE");
            // The default may be more than a small queue holds: nobody is to blame.
            if reader.get(&name).is_some() {
                let problem = "it is more than the queue holds";
                reader.warn(&name, problem, settings.max_queue_size);
            }
        }
        settings
    }
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self::new()
    }
}

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=MAX_QUEUE_SIZE).contains(&count) => Ok(count),
        _ => Err(format!(
            "{text:?} is not a number from 1 to {MAX_QUEUE_SIZE}"
        )),
    }
}
