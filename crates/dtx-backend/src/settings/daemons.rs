//! The settings of what looks again and again: the notifier and the transitioner.

use std::time::Duration as StdDuration;

use telemetry_core::EnvironmentReader;
use time::Duration;

use crate::settings::parse_seconds_from;

const DEFAULT_CYCLE: StdDuration = StdDuration::from_secs(5);
const DEFAULT_NOTIFY_BEFORE: Duration = Duration::minutes(15);
const DEFAULT_GAME_TIME: Duration = Duration::minutes(60);
/// A week, in minutes.
const LONGEST: i64 = 7 * 24 * 60;

/// How games are moved on, and told of before.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct DaemonSettings {
    /// `DTX_CYCLE_SECONDS`.
    pub cycle: StdDuration,
    /// `DTX_NOTIFY_BEFORE`.
    pub notify_before: Duration,
    /// `DTX_GAME_MINUTES`.
    pub game_time: Duration,
}

impl DaemonSettings {
    /// Reads the settings; what is wrong is with the reader.
    pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Self {
        let mut settings = Self {
            cycle: DEFAULT_CYCLE,
            notify_before: DEFAULT_NOTIFY_BEFORE,
            game_time: DEFAULT_GAME_TIME,
        };
        reader.parsed(
            "DTX_CYCLE_SECONDS",
            &mut settings.cycle,
            |text| parse_seconds_from(1, text),
            StdDuration::as_secs,
        );
        reader.parsed(
            "DTX_NOTIFY_BEFORE",
            &mut settings.notify_before,
            |text| parse_minutes(text, 0),
            |time| time.whole_minutes(),
        );
        reader.parsed(
            "DTX_GAME_MINUTES",
            &mut settings.game_time,
            |text| parse_minutes(text, 1),
            |time| time.whole_minutes(),
        );
        settings
    }
}

fn parse_minutes(text: &str, least: i64) -> Result<Duration, String> {
    let minutes = text.parse().ok();
    minutes
        .filter(|minutes| (least..=LONGEST).contains(minutes))
        .map(Duration::minutes)
        .ok_or_else(|| format!("{text:?} is not from {least} to {LONGEST}"))
}
