//! JSON without secrets.

use std::borrow::Cow;
use std::ops::Range;

use crate::redact::{REDACTED, Sensitivity, sensitivity};

/// How long a key is at most that is looked at, in bytes. No name of a secret is as long.
const MAX_KEY_BYTES: usize = 256;

/// Gives the first `max_chars` characters of `text` after each value under the key of a secret was
/// replaced by `[redacted]`.
///
/// The keys are those of [`is_sensitive`](crate::is_sensitive), and numbers and booleans are
/// replaced under the same of them. Objects and arrays are replaced whole. A key is what stands in
/// quotes before a colon, wherever that is: behind a prefix, in text that breaks off, or in a
/// string that is JSON itself, with its quotes escaped. All else stays as it is.
///
/// Borrowed where there is nothing to replace. It reads on behind these characters only as far as
/// secrets reach.
#[must_use]
pub fn mask_json_prefix(text: &str, max_chars: usize) -> Cow<'_, str> {
    let mut masked = String::new();
    // What is copied or replaced, and what is read.
    let (mut copied, mut read) = (0, 0);
    let mut chars = 0;
    // A character has four bytes at most.
    while let Some(quote) = next_quote(text, read, max_chars.saturating_mul(4)) {
        chars += text[read..=quote].chars().count();
        read = quote + 1;
        if chars > max_chars {
            break;
        }
        let Some(secret) = secret_after(text, quote) else {
            continue;
        };
        masked.push_str(&text[copied..secret.value.start]);
        chars += text[read..secret.value.start].chars().count();
        let quotes = if secret.is_quoted { "" } else { secret.quote };
        masked.extend([quotes, REDACTED, quotes]);
        chars += REDACTED.len() + 2 * quotes.len();
        (copied, read) = (secret.value.end, secret.value.end);
    }
    if copied == 0 {
        return first_chars(text, max_chars).into();
    }
    masked.push_str(first_chars(&text[copied..], max_chars));
    masked.truncate(first_chars(&masked, max_chars).len());
    masked.into()
}

/// A value that is to be replaced.
struct Secret<'a> {
    /// Where it is, without its quotes.
    value: Range<usize>,
    is_quoted: bool,
    /// A quote as it is written there, with the backslashes of the strings around.
    quote: &'a str,
}

/// Finds the secret whose key begins with this quote.
fn secret_after(text: &str, quote: usize) -> Option<Secret<'_>> {
    let bytes = text.as_bytes();
    let escape = backslashes_before(bytes, quote);
    let key_start = quote + 1;
    let key_end = closing_quote(bytes, key_start, escape, MAX_KEY_BYTES)?;
    let colon = skip_blanks(bytes, key_end + escape + 1);
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    let sensitivity = sensitivity(&unescaped(&text[key_start..key_end]));
    if sensitivity == Sensitivity::None {
        return None;
    }
    let start = skip_blanks(bytes, colon + 1);
    let quote = &text[quote - escape..key_start];
    let (value, is_quoted) = match bytes.get(start)? {
        b'{' | b'[' => (start..closing_bracket(bytes, start, escape), false),
        b'0'..=b'9' | b'-' | b't' | b'f' if sensitivity == Sensitivity::All => {
            let rest = bytes[start..].iter();
            let length =
                rest.take_while(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte));
            (start..start + length.count(), false)
        }
        _ if text[start..].starts_with(quote) => {
            let start = start + quote.len();
            let end = closing_quote(bytes, start, escape, usize::MAX);
            (start..end.unwrap_or(bytes.len()), true)
        }
        _ => return None,
    };
    Some(Secret {
        value,
        is_quoted,
        quote,
    })
}

/// Finds the quote that ends a string, with the backslashes before it, among the next `max_bytes`.
///
/// Within a string of JSON whose quotes have `escape` backslashes, each backslash is written with
/// twice as many and two more.
fn closing_quote(bytes: &[u8], start: usize, escape: usize, max_bytes: usize) -> Option<usize> {
    let mut backslashes = 0;
    for (at, byte) in bytes.iter().enumerate().skip(start).take(max_bytes) {
        match byte {
            b'\\' => backslashes += 1,
            // Fewer end a string around it.
            b'"' if backslashes % (2 * (escape + 1)) <= escape => {
                return Some(at - backslashes % (2 * (escape + 1)));
            }
            _ => backslashes = 0,
        }
    }
    None
}

/// Finds the end of an object or an array, or of the text.
fn closing_bracket(bytes: &[u8], start: usize, escape: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => match closing_quote(bytes, at + 1, escape, usize::MAX) {
                Some(end) => at = end + escape,
                None => return bytes.len(),
            },
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

/// Passes white space, that of a string around it included.
fn skip_blanks(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let escape = bytes
            .iter()
            .skip(at)
            .take_while(|byte| **byte == b'\\')
            .count();
        match bytes.get(at + escape) {
            Some(b'n' | b'r' | b't') if escape > 0 => at += escape + 1,
            Some(byte) if escape == 0 && byte.is_ascii_whitespace() => at += 1,
            _ => return at,
        }
    }
}

/// A key without its escapes.
fn unescaped(key: &str) -> Cow<'_, str> {
    if !key.contains('\\') {
        return key.into();
    }
    let mut pieces = key.split('\\');
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let digits = piece.strip_prefix('u').and_then(|rest| rest.get(..4));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match code.and_then(char::from_u32) {
            Some(char) => {
                plain.push(char);
                plain.push_str(&piece[5..]);
            }
            None => plain.push_str(piece),
        }
    }
    plain.into()
}

fn next_quote(text: &str, start: usize, max_bytes: usize) -> Option<usize> {
    let mut rest = text.as_bytes()[start..].iter().take(max_bytes);
    rest.position(|byte| *byte == b'"').map(|at| start + at)
}

fn backslashes_before(bytes: &[u8], end: usize) -> usize {
    let before = bytes[..end].iter().rev();
    before.take_while(|byte| **byte == b'\\').count()
}

/// The beginning of a text, cut between two characters.
fn first_chars(text: &str, max_chars: usize) -> &str {
    match text.char_indices().nth(max_chars) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_under_the_keys_of_secrets_are_replaced() {
        for (text, expected) in [
            (
                r#"{"token":"abc","password":"s e c","user":"u"}"#,
                r#"{"token":"[redacted]","password":"[redacted]","user":"u"}"#,
            ),
            (
                r#"{ "auth" : { "accessToken" : "a\"b\\" } , "n":1}"#,
                r#"{ "auth" : { "accessToken" : "[redacted]" } , "n":1}"#,
            ),
            (
                r#"{"pin":1234,"otp":true,"token":7,"secret":null}"#,
                r#"{"pin":"[redacted]","otp":"[redacted]","token":7,"secret":null}"#,
            ),
            (
                r#"{"cookies":["a]",{"b":["c"]}],"secret":{"k":"}"},"x":"y"}"#,
                r#"{"cookies":"[redacted]","secret":"[redacted]","x":"y"}"#,
            ),
            (
                r#"{"pass\u0077ord":"abc","a":"b"}"#,
                r#"{"pass\u0077ord":"[redacted]","a":"b"}"#,
            ),
            (
                r#"42["login",{"token":"abc"}]"#,
                r#"42["login",{"token":"[redacted]"}]"#,
            ),
            (
                r#"it said " {"password":"abc"}"#,
                r#"it said " {"password":"[redacted]"}"#,
            ),
            (
                "{\"token\":\"a\"}\n{\"token\":\"b\"}",
                "{\"token\":\"[redacted]\"}\n{\"token\":\"[redacted]\"}",
            ),
        ] {
            assert_eq!(mask_json_prefix(text, 100), expected);
        }
    }

    #[test]
    fn json_within_strings_of_json_has_no_secrets_either() {
        let mut text = r#"{"password":"a\"b\\","x":"y"}"#.to_owned();
        for _ in 0..4 {
            let masked = mask_json_prefix(&text, 1000);
            let mut value: serde_json::Value = serde_json::from_str(&masked).unwrap();
            while let Some(inner) = value["data"].as_str() {
                value = serde_json::from_str(inner).unwrap();
            }
            let expected = serde_json::json!({"password": "[redacted]", "x": "y"});
            assert_eq!(value, expected, "{masked}");
            text = serde_json::json!({ "data": text }).to_string();
        }
    }

    #[test]
    fn a_secret_that_is_cut_does_not_show_at_any_length() {
        let secret = "hunter2hunter2";
        for text in [
            format!(r#"{{"user":"ü👍","password":"{secret}","more":"x"}}"#),
            format!(r#"{{"secrets":["{secret}",{{"a":"{secret}"}}]}}"#),
            format!(r#"{{"data":"{{\"token\": \"{secret}\"}}"}}"#),
            format!(r#"{{"token":"{}"}}"#, secret.repeat(20)),
        ] {
            for end in 0..=text.len() {
                let Some(received) = text.get(..end) else {
                    continue;
                };
                for max_chars in 0..=text.len().min(120) {
                    let masked = mask_json_prefix(received, max_chars);
                    assert!(masked.chars().count() <= max_chars);
                    assert!(!masked.contains("hu"), "{masked}");
                }
            }
        }
    }

    #[test]
    fn other_text_is_cut_as_it_is() {
        for text in [
            "",
            "Earthshaker",
            "password: abc",
            r#"{"tokens":5,"max_tokens":"5","name":"token"}"#,
            r#"["token","abc"]"#,
            r#""\\\"#,
            r#"{"token""#,
            r#"{"token":"#,
        ] {
            assert!(matches!(mask_json_prefix(text, 100), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(mask_json_prefix(&"ü".repeat(101), 100), "ü".repeat(100));
        assert_eq!(mask_json_prefix(&"👍".repeat(101), 100), "👍".repeat(100));
        let quotes = "\"ü".repeat(100);
        assert_eq!(mask_json_prefix(&quotes, 100), "\"ü".repeat(50));
    }
}
