//! Values as JSON, appended to a buffer of bytes.
//!
//! Most text needs no escaping, so it is looked at eight bytes at a time and copied whole.

mod formatted;

pub(crate) use formatted::{ELLIPSIS, PANICKED, formatted, formatted_within, guarded, text_of};

use crate::redact;

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// Appends a value as a JSON string, quotes included.
#[inline]
pub(crate) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    text(out, value);
    out.push(b'"');
}

/// Appends `texts` as a JSON array of strings.
#[inline]
pub(crate) fn list<S: AsRef<str>>(out: &mut Vec<u8>, texts: impl IntoIterator<Item = S>) {
    let mut texts = texts.into_iter();
    let Some(first) = texts.next() else {
        out.extend_from_slice(b"[]");
        return;
    };
    out.extend_from_slice(b"[\"");
    text(out, first.as_ref());
    for other in texts {
        out.extend_from_slice(b"\",\"");
        text(out, other.as_ref());
    }
    out.extend_from_slice(b"\"]");
}

/// Appends a value as the inside of a JSON string, without the secrets of URLs in it.
#[inline(always)]
pub(crate) fn text(out: &mut Vec<u8>, value: &str) {
    // No URL is without a colon, which few values have: it costs next to nothing to look for one
    // among the characters that need escaping.
    if has_none_of::<true>(value.as_bytes()) {
        out.extend_from_slice(value.as_bytes());
    } else {
        masked(out, value);
    }
}

#[cold]
#[inline(never)]
fn masked(out: &mut Vec<u8>, value: &str) {
    escaped(out, &redact::mask_url_secrets(value));
}

/// Appends `text` as the inside of a JSON string.
///
/// Quotes, backslashes and all control characters (C0, DEL and C1, hence ANSI escapes) are
/// escaped, and so are the line and paragraph separators U+2028 and U+2029, at which some
/// readers end a line.
#[inline(always)]
pub(crate) fn escaped(out: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape(out, text);
    }
}

/// The beginning of a text that is longer than `limit` bytes, and a character more, so that what
/// has it on is seen to be too long; any other text as it is.
#[inline(always)]
pub(crate) fn bounded(text: &str, limit: usize) -> &str {
    if text.len() <= limit {
        text
    } else {
        beginning(text, limit)
    }
}

#[cold]
#[inline(never)]
fn beginning(text: &str, limit: usize) -> &str {
    &text[..text.ceil_char_boundary(limit + 1)]
}

/// Says whether every byte is printable ASCII other than a quote and a backslash.
#[inline(always)]
pub(crate) fn is_plain(bytes: &[u8]) -> bool {
    has_none_of::<false>(bytes)
}

/// Says whether every byte is printable ASCII other than a quote, a backslash, and a colon if that
/// is looked for.
#[inline(always)]
fn has_none_of<const COLON: bool>(bytes: &[u8]) -> bool {
    // Blocks of a fixed size are looked at whole; the last one overlaps the one before. Each is
    // decided by itself: across blocks the compiler would shuffle bytes in search of columns.
    if let Some(last) = bytes.last_chunk::<16>() {
        for block in bytes.as_chunks::<16>().0 {
            if has_special::<COLON>(block) {
                return false;
            }
        }
        return !has_special::<COLON>(last);
    }
    let special = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => {
            specials::<COLON>(u64::from_le_bytes(*first))
                | specials::<COLON>(u64::from_le_bytes(*last))
        }
        _ => specials::<COLON>(short(bytes)),
    };
    special == 0
}

/// Says whether a byte of the block needs escaping, without a branch for each of them, which
/// compiles to a few vector instructions.
#[inline(always)]
fn has_special<const COLON: bool>(block: &[u8; 16]) -> bool {
    let mut marks = [0; 16];
    for (mark, byte) in marks.iter_mut().zip(block) {
        *mark = u8::from(byte.wrapping_sub(b' ') > b'~' - b' ')
            | u8::from(*byte == b'"')
            | u8::from(*byte == b'\\')
            | u8::from(COLON && *byte == b':');
    }
    u128::from_ne_bytes(marks) != 0
}

/// Packs up to seven bytes into a word, by overlapping reads, without a loop.
#[inline(always)]
fn short(bytes: &[u8]) -> u64 {
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return ONES * b' ' as u64;
    };
    let middle = bytes[bytes.len() / 2];
    u64::from(*first)
        | u64::from(middle) << 8
        | u64::from(*last) << 16
        | 0x2020_2020_2000_0000
        | (b' ' as u64) << 24
}

/// Sets bits for bytes below 0x20 or above 0x7e, quotes and backslashes, and colons if they are
/// looked for; zero when there are none.
#[inline(always)]
const fn specials<const COLON: bool>(word: u64) -> u64 {
    let quotes = word ^ (ONES * b'"' as u64);
    let backslashes = word ^ (ONES * b'\\' as u64);
    let colons = if COLON {
        word ^ (ONES * b':' as u64)
    } else {
        quotes
    };
    (quotes.wrapping_sub(ONES)
        | colons.wrapping_sub(ONES)
        | backslashes.wrapping_sub(ONES)
        | word.wrapping_sub(ONES * 0x20)
        | word.wrapping_add(ONES)
        | word)
        & HIGHS
}

#[cold]
#[inline(never)]
fn escape(out: &mut Vec<u8>, text: &str) {
    let mut copied = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\n' => "\\n",
            '\r' => "\\r",
            '\t' => "\\t",
            '\u{2028}' | '\u{2029}' => "",
            character if character.is_control() => "",
            _ => continue,
        };
        out.extend_from_slice(&text.as_bytes()[copied..at]);
        copied = at + character.len_utf8();
        if escape.is_empty() {
            unicode_escape(out, character);
        } else {
            out.extend_from_slice(escape.as_bytes());
        }
    }
    out.extend_from_slice(&text.as_bytes()[copied..]);
}

/// Appends `\uXXXX`, for characters of the basic plane.
fn unicode_escape(out: &mut Vec<u8>, character: char) {
    out.extend_from_slice(b"\\u");
    hex(out, (character as u16).to_be_bytes());
}

/// Appends bytes as lower-case hexadecimal digits.
#[inline]
pub(crate) fn hex<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(hex_digits(bytes).as_flattened());
}

/// The two lower-case hexadecimal digits of each byte.
// Computed and not looked up, which compiles to a few vector instructions.
#[inline]
pub(crate) fn hex_digits<const N: usize>(bytes: [u8; N]) -> [[u8; 2]; N] {
    let digit = |nibble: u8| {
        let letters = if nibble > 9 { b'a' - b'0' - 10 } else { 0 };
        b'0' + nibble + letters
    };
    bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)])
}

/// Appends a boolean.
#[inline]
pub(crate) fn bool(out: &mut Vec<u8>, value: bool) {
    let text: &[u8] = if value { b"true" } else { b"false" };
    out.extend_from_slice(text);
}

/// Appends an integer.
#[inline]
pub(crate) fn integer(out: &mut Vec<u8>, value: impl itoa::Integer) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a float in the shortest form that reads back the same, always with a fraction
/// or an exponent; `"NaN"`, `"Infinity"` and `"-Infinity"`, which JSON has no numbers for,
/// as strings.
#[inline]
pub(crate) fn float(out: &mut Vec<u8>, value: f64) {
    if let Some(hundredths) = hundredths(value) {
        decimal(out, hundredths);
    } else if value.is_finite() {
        out.extend_from_slice(zmij::Buffer::new().format_finite(value).as_bytes());
    } else if value.is_nan() {
        out.extend_from_slice(b"\"NaN\"");
    } else if value > 0.0 {
        out.extend_from_slice(b"\"Infinity\"");
    } else {
        out.extend_from_slice(b"\"-Infinity\"");
    }
}

/// The value in hundredths if it has no more than two decimals, as durations have, and is
/// not large: then it is written faster.
#[inline]
fn hundredths(value: f64) -> Option<u32> {
    let scaled = value * 100.0;
    let rounded = (scaled + 0.5) as u32;
    // The nearest float to a decimal of this form is what the division gives.
    let is_exact = f64::from(rounded) / 100.0 == value && rounded > 0;
    is_exact.then_some(rounded)
}

/// Appends hundredths as a number with a fraction and without needless zeros.
#[inline]
fn decimal(out: &mut Vec<u8>, hundredths: u32) {
    integer(out, hundredths / 100);
    let (tenth, hundredth) = ((hundredths / 10 % 10) as u8, (hundredths % 10) as u8);
    out.extend_from_slice(&[b'.', b'0' + tenth, b'0' + hundredth]);
    if hundredth == 0 {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn control_characters_and_ansi_escapes_are_escaped() {
        let text = written(|out| string(out, "a\"\\\n\r\t\0\u{1b}[31m\u{7f}\u{9b}31m\u{2028}é"));
        assert_eq!(
            text,
            r#""a\"\\\n\r\t\u0000\u001b[31m\u007f\u009b31m\u2028é""#
        );
    }

    #[test]
    fn a_byte_that_needs_escaping_is_found_at_every_place() {
        for length in 0..40 {
            let plain = "x".repeat(length);
            assert!(is_plain(plain.as_bytes()));
            for at in 0..length {
                for special in ["\"", "\\", "\n", "\u{1f}", "\u{7f}", "é"] {
                    let mut text = plain.clone();
                    text.replace_range(at..=at, special);
                    assert!(!is_plain(text.as_bytes()), "{text:?}");
                }
                for plain_one in [" ", "!", "#", "[", "]", "~", "}"] {
                    let mut text = plain.clone();
                    text.replace_range(at..=at, plain_one);
                    assert!(is_plain(text.as_bytes()), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn floats_are_json_or_strings() {
        assert_eq!(written(|out| float(out, 12.34)), "12.34");
        assert_eq!(written(|out| float(out, 12.0)), "12.0");
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (0.01, "0.01"),
            (0.1, "0.1"),
            (0.07, "0.07"),
            (1.1, "1.1"),
            (-1.25, "-1.25"),
            (9.99, "9.99"),
            (1.005, "1.005"),
            (42_949_672.95, "42949672.95"),
            (42_949_672.96, "42949672.96"),
            (1e16, "1e+16"),
        ] {
            assert_eq!(written(|out| float(out, value)), text);
        }
        assert_eq!(written(|out| float(out, f64::NAN)), "\"NaN\"");
        assert_eq!(written(|out| float(out, f64::INFINITY)), "\"Infinity\"");
        assert_eq!(
            written(|out| float(out, f64::NEG_INFINITY)),
            "\"-Infinity\""
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back_as_it_was(text in "(?s).{0,64}") {
            let json = written(|out| string(out, &text));
            prop_assert!(!json.contains(char::is_control));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }

        #[test]
        fn durations_are_written_in_their_shortest_form(hundredths in 0_u32..) {
            let value = f64::from(hundredths) / 100.0;
            let shortest = zmij::Buffer::new().format(value).to_owned();
            prop_assert_eq!(written(|out| float(out, value)), shortest);
        }

        #[test]
        fn any_float_reads_back_as_it_was(value in any::<f64>()) {
            let json = written(|out| float(out, value));
            let is_number = serde_json::from_str::<serde_json::Value>(&json).unwrap().is_number();
            prop_assert_eq!(is_number, value.is_finite());
            if is_number {
                prop_assert_eq!(json.parse(), Ok(value));
            }
        }
    }
}
