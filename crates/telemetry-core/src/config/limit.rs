//! Limits in bytes; zero is no limit.

/// Reads a limit that is zero, or `least` and above.
pub(super) fn parse(text: &str, least: usize) -> Result<usize, String> {
    match text.parse() {
        Ok(limit) if limit == at_least(limit, least) => Ok(limit),
        Ok(limit) => Err(format!(
            "{limit} is below {least}, and not 0, which is no limit"
        )),
        Err(_) => Err(format!("{text:?} is no number of bytes")),
    }
}

/// The limit, raised to `least` unless it is zero.
pub(super) fn at_least(limit: usize, least: usize) -> usize {
    if limit == 0 { 0 } else { limit.max(least) }
}
