//! Points in time, as the API and the database have them.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime, UtcOffset};

/// A whole second in UTC.
///
/// In JSON it is RFC 3339, with any offset on the way in and `Z` on the way out. In the
/// database it is what the driver makes of it: a time with PostgreSQL, and with SQLite text, which
/// sorts as time does.
///
/// The default is now: so is a time that a client leaves out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, sqlx::Type)]
#[serde(transparent)]
#[sqlx(transparent)]
pub(crate) struct Timestamp(#[serde(with = "time::serde::rfc3339")] OffsetDateTime);

impl Timestamp {
    /// The current second.
    pub(crate) fn now() -> Self {
        Self(whole_second(OffsetDateTime::now_utc()))
    }

    /// The second so much later, or before when `duration` is negative. At the end of what
    /// can be written as RFC 3339 it stays where it is.
    pub(crate) fn plus(self, duration: Duration) -> Self {
        self.0.checked_add(duration).map_or(self, Self)
    }

    /// So many seconds after the beginning of 1970; now, when that is out of range.
    pub(crate) fn from_unix(seconds: i64) -> Self {
        OffsetDateTime::from_unix_timestamp(seconds).map_or_else(|_| Self::now(), Self)
    }

    /// How many seconds after the beginning of 1970 it is.
    pub(crate) fn to_unix(self) -> i64 {
        self.0.unix_timestamp()
    }

    /// How long it is until then; nothing once it has passed.
    pub(crate) fn time_left(self) -> std::time::Duration {
        let left = self.0 - OffsetDateTime::now_utc();
        left.try_into().unwrap_or_default()
    }
}

impl Default for Timestamp {
    fn default() -> Self {
        Self::now()
    }
}

impl fmt::Display for Timestamp {
    /// Writes RFC 3339.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.format(&Rfc3339).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        time::serde::rfc3339::deserialize(deserializer)?
            .checked_to_offset(UtcOffset::UTC)
            .filter(|time| (0..=9999).contains(&time.year()))
            .map(|time| Self(whole_second(time)))
            .ok_or_else(|| D::Error::custom("the time is out of range"))
    }
}

fn whole_second(time: OffsetDateTime) -> OffsetDateTime {
    // Zero is a valid nanosecond: the fallback is never taken.
    time.replace_nanosecond(0).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Timestamp, serde_json::Error> {
        serde_json::from_value(serde_json::json!(text))
    }

    #[test]
    fn times_come_out_as_whole_seconds_in_utc() {
        for (text, expected) in [
            ("2026-11-07T18:30:00Z", "2026-11-07T18:30:00Z"),
            ("2026-11-07T18:30:00.999Z", "2026-11-07T18:30:00Z"),
            ("2026-11-07T20:30:00+02:00", "2026-11-07T18:30:00Z"),
            ("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z"),
        ] {
            let written = serde_json::to_value(read(text).unwrap()).unwrap();
            assert_eq!(written, expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_out_of_range_is_an_error() {
        for text in [
            "",
            "tomorrow",
            "2026-11-07",
            "2026-13-07T18:30:00Z",
            "9999-12-31T23:59:59-01:00",
            "0000-01-01T00:00:00+01:00",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
