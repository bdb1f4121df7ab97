//! The settings of background jobs.

use std::time::Duration;

use telemetry_core::EnvironmentReader;

use crate::settings::parse_seconds_from;

/// At three in the night.
const DEFAULT_CLEAN_UP: &str = "0 0 3 * * *";
const DEFAULT_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(3600);
const DEFAULT_WORKER_TIMEOUT: Duration = Duration::from_secs(15);
/// The queues count in whole seconds.
const SHORTEST_WORKER_TIMEOUT: u64 = 2;

/// How jobs are done.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobSettings {
    /// `DTX_CLEANUP_SCHEDULE`.
    pub clean_up: cron::Schedule,
    /// `DTX_JOB_BACKOFF_MS`.
    pub backoff: Duration,
    /// `DTX_WORKER_TIMEOUT`.
    pub worker_timeout: Duration,
}

impl JobSettings {
    /// Reads the settings; what is wrong is with the reader.
    ///
    /// # Errors
    ///
    /// Never: when the default schedule were none.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> anyhow::Result<Self> {
        let mut settings = Self {
            clean_up: DEFAULT_CLEAN_UP.parse()?,
            backoff: DEFAULT_BACKOFF,
            worker_timeout: DEFAULT_WORKER_TIMEOUT,
        };
        reader.parsed(
            "DTX_CLEANUP_SCHEDULE",
            &mut settings.clean_up,
            parse_schedule,
            ToString::to_string,
        );
        reader.parsed(
            "DTX_JOB_BACKOFF_MS",
            &mut settings.backoff,
            parse_backoff,
            Duration::as_millis,
        );
        reader.parsed(
            "DTX_WORKER_TIMEOUT",
            &mut settings.worker_timeout,
            |text| parse_seconds_from(SHORTEST_WORKER_TIMEOUT, text),
            Duration::as_secs,
        );
        Ok(settings)
    }
}

fn parse_schedule(text: &str) -> Result<cron::Schedule, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a cron schedule such as {DEFAULT_CLEAN_UP}"))
}

fn parse_backoff(text: &str) -> Result<Duration, String> {
    let backoff = text.parse().ok().map(Duration::from_millis);
    backoff
        .filter(|backoff| !backoff.is_zero() && *backoff <= LONGEST_BACKOFF)
        .ok_or_else(|| format!("{text:?} is not from 1 to 3600000"))
}
