//! The timestamp, of which all but the microseconds is kept from line to line.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// `2024-01-15T10:23:45.`
const SECOND_LENGTH: usize = 20;

#[derive(Clone, Copy)]
struct Second {
    since_epoch: u64,
    text: [u8; SECOND_LENGTH],
}

thread_local! {
    static LAST: Cell<Second> = const {
        Cell::new(Second { since_epoch: u64::MAX, text: [0; SECOND_LENGTH] })
    };
}

/// Appends `{"timestamp":"2024-01-15T10:23:45.123456Z"`, of now.
#[inline]
pub(super) fn begin_line(out: &mut Vec<u8>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    out.extend_from_slice(&render(now));
}

const START: &[u8; 42] = b"{\"timestamp\":\"0000-00-00T00:00:00.000000Z\"";
const SECOND_AT: usize = 14;
const MICROS_AT: usize = SECOND_AT + SECOND_LENGTH;

#[inline]
fn render(since_epoch: Duration) -> [u8; 42] {
    let mut second = LAST.get();
    if second.since_epoch != since_epoch.as_secs() {
        second = Second::new(since_epoch.as_secs());
        LAST.set(second);
    }
    let mut text = *START;
    text[SECOND_AT..MICROS_AT].copy_from_slice(&second.text);
    let micros = since_epoch.subsec_micros();
    two_digits(&mut text, MICROS_AT, micros / 10_000);
    two_digits(&mut text, MICROS_AT + 2, micros / 100);
    two_digits(&mut text, MICROS_AT + 4, micros);
    text
}

impl Second {
    #[cold]
    fn new(since_epoch: u64) -> Self {
        let (year, month, day) = date(since_epoch / 86_400);
        let time = (since_epoch % 86_400) as u32;
        let mut text = *b"0000-00-00T00:00:00.";
        two_digits(&mut text, 0, year / 100);
        two_digits(&mut text, 2, year % 100);
        two_digits(&mut text, 5, month);
        two_digits(&mut text, 8, day);
        two_digits(&mut text, 11, time / 3600);
        two_digits(&mut text, 14, time / 60 % 60);
        two_digits(&mut text, 17, time % 60);
        Self { since_epoch, text }
    }
}

/// Turns days since 1970-01-01 into year, month and day of the Gregorian calendar, by
/// counting in 400-year cycles that begin on a 1st of March, so that leap days come last.
fn date(days: u64) -> (u32, u32, u32) {
    const DAYS_FROM_0000_03_01: u64 = 719_468;
    const CYCLE: u64 = 146_097;
    let days = days + DAYS_FROM_0000_03_01;
    let (cycle, day) = (days / CYCLE, days % CYCLE);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, turn) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    ((cycle * 400 + year + turn) as u32, month as u32, day as u32)
}

#[inline]
fn two_digits(text: &mut [u8], at: usize, value: u32) {
    text[at..at + 2].copy_from_slice(&TWO_DIGITS[(value % 100) as usize]);
}

/// `00` to `99`.
const TWO_DIGITS: [[u8; 2]; 100] = {
    let mut digits = [*b"00"; 100];
    let mut value = 0;
    while value < digits.len() {
        digits[value] = [b'0' + (value / 10) as u8, b'0' + (value % 10) as u8];
        value += 1;
    }
    digits
};

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(seconds: u64, micros: u32) -> String {
        let text = render(Duration::new(seconds, micros * 1000));
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn timestamps_are_rfc_3339_in_utc_with_microseconds() {
        for (seconds, micros, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, 999_999, "2000-02-28T23:59:59.999999Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000001Z"),
            (1_705_314_225, 123_456, "2024-01-15T10:23:45.123456Z"),
            (1_735_689_599, 0, "2024-12-31T23:59:59.000000Z"),
            (4_107_542_399, 500, "2100-02-28T23:59:59.000500Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799, 0, "9999-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(
                rendered(seconds, micros),
                format!(r#"{{"timestamp":"{expected}""#)
            );
        }
    }
}
