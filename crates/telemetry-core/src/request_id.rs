//! What a request id may be.

const LONGEST: usize = 128;

/// Says whether a request id from elsewhere can be taken over: 1 to 128 characters of
/// `A-Z a-z 0-9 . _ : -`.
///
/// ```
/// use telemetry_core::is_valid_request_id;
///
/// assert!(is_valid_request_id("abc-123"));
/// assert!(!is_valid_request_id("abc 123"));
/// ```
#[must_use]
pub fn is_valid_request_id(id: impl AsRef<[u8]>) -> bool {
    let id = id.as_ref();
    (1..=LONGEST).contains(&id.len())
        && id
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_the_alphabet_and_length_are_valid() {
        assert!(is_valid_request_id("a"));
        assert!(is_valid_request_id("Az09._:-"));
        assert!(is_valid_request_id([b'x'; 128]));
        assert!(!is_valid_request_id(""));
        assert!(!is_valid_request_id([b'x'; 129]));
        for byte in 0..=u8::MAX {
            let is_listed = byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
            assert_eq!(is_valid_request_id([b'a', byte, b'z']), is_listed, "{byte}");
        }
    }
}
