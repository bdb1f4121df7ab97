//! The texts of errors on a line, without the secrets of the URLs in them.

use std::borrow::Cow;
use std::str;

use crate::decode::Pieces;
use crate::names;
use crate::redact::mask_urls;

/// Says whether the value under `key` is the text of an error: anything may be said there.
#[inline]
pub(super) fn is_text(key: &str) -> bool {
    matches!(key, names::ERROR | names::EXCEPTION)
}

/// Masks a rendered value that is the text of an error.
pub(super) fn mask(value: &mut Vec<u8>) {
    if let Some(masked) = masked(value) {
        *value = masked;
    }
}

/// Masks the texts of errors among the rendered fields of a line.
#[cold]
pub(super) fn mask_fields(line: &mut Vec<u8>) {
    let mut out = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    for piece in Pieces(line) {
        let end = at + piece.bytes.len();
        let is_text = str::from_utf8(piece.key).is_ok_and(is_text);
        if is_text && let Some(value) = masked(piece.value) {
            out.extend_from_slice(&line[copied..end - piece.value.len()]);
            out.extend_from_slice(&value);
            copied = end;
        }
        at = end;
    }
    if copied > 0 {
        out.extend_from_slice(&line[copied..]);
        // Its memory is kept for the next line.
        line.clear();
        line.extend_from_slice(&out);
    }
}

/// The value where there is something to mask. It is masked as it is rendered: a URL ends at the
/// escape of what would have ended it.
fn masked(value: &[u8]) -> Option<Vec<u8>> {
    match mask_urls(str::from_utf8(value).ok()?) {
        Cow::Owned(masked) => Some(masked.into_bytes()),
        Cow::Borrowed(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_of_errors_are_masked_and_nothing_else_is() {
        let mut line =
            br#"{"event":"http://u:p@h","error":"a \"http://h/?key=sesame\" b","at":1,"exception":"http://u:p@h/\ncaused by: http://u:p@h","link":"http://h/?a=b""#
                .to_vec();
        mask_fields(&mut line);
        assert_eq!(
            str::from_utf8(&line).unwrap(),
            r#"{"event":"http://u:p@h","error":"a \"http://h/?key=[redacted]\" b","at":1,"exception":"http://[redacted]@h/\ncaused by: http://[redacted]@h","link":"http://h/?a=b""#
        );
        let masked = line.clone();
        mask_fields(&mut line);
        assert_eq!(line, masked);
    }
}
