//! How spans and log records are gathered before they are sent.

use std::time::Duration;

use telemetry_core::EnvironmentReader;

use super::signal::milliseconds;

/// What a queue may hold: its memory is taken at the start.
const MAX_QUEUE_SIZE: usize = 1 << 20;

/// How records are gathered into batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchSettings {
    /// How many records wait at most; more are dropped.
    pub max_queue_size: usize,
    /// How many are sent at once.
    pub max_export_batch_size: usize,
    /// How long the first of a batch waits for others.
    pub schedule_delay: Duration,
    /// How long sending a batch may take.
    pub export_timeout: Duration,
}

impl BatchSettings {
    /// Reads the variables that begin with `prefix`.
    pub(super) fn read(
        reader: &mut EnvironmentReader<'_>,
        prefix: &str,
        schedule_delay: Duration,
    ) -> Self {
        let mut settings = Self {
            max_queue_size: 2048,
            max_export_batch_size: 512,
            schedule_delay,
            export_timeout: Duration::from_secs(30),
        };
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

fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=MAX_QUEUE_SIZE).contains(&count) => Ok(count),
        _ => Err(format!(
            "{text:?} is not a number from 1 to {MAX_QUEUE_SIZE}"
        )),
    }
}
