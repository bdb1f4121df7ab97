//! Durations as settings have them.

use std::time::Duration;

/// The units, and how many milliseconds each is.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// Reads a whole number with its unit, such as `500ms` or `2s`; `0` needs none.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start();
    let milliseconds = match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, milliseconds)) => Some(*milliseconds),
        None if unit.is_empty() && number.bytes().all(|digit| digit == b'0') => Some(0),
        None => None,
    };
    let number = number.parse::<u64>().ok();
    let product = number.zip(milliseconds);
    product
        .and_then(|(number, milliseconds)| number.checked_mul(milliseconds))
        .map(Duration::from_millis)
        .ok_or_else(|| format!("{text:?} is no duration such as 500ms, 2s or 1m, and not 0"))
}

/// The text that gives this duration, to the millisecond.
pub(super) fn name(duration: &Duration) -> String {
    let milliseconds = duration.as_millis();
    let unit = UNITS.iter().rev();
    let whole = unit.filter(|(_, one)| milliseconds.is_multiple_of(u128::from(*one)));
    match whole.into_iter().next() {
        Some((unit, one)) if milliseconds > 0 => {
            format!("{}{unit}", milliseconds / u128::from(*one))
        }
        _ => "0".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        for (text, milliseconds, again) in [
            ("500ms", 500, "500ms"),
            ("2s", 2_000, "2s"),
            ("2000 ms", 2_000, "2s"),
            ("90s", 90_000, "90s"),
            ("1m", 60_000, "1m"),
            ("2h", 7_200_000, "2h"),
            ("0", 0, "0"),
            ("0ms", 0, "0"),
        ] {
            let duration = parse(text).unwrap();
            assert_eq!(duration, Duration::from_millis(milliseconds), "{text}");
            assert_eq!(name(&duration), again);
        }
        for text in [
            "",
            "1",
            "s",
            "1.5s",
            "-1s",
            "1 second",
            "1S",
            "s1",
            "99999999999999999999s",
            "9999999999999999h",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
