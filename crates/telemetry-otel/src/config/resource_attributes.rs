//! The list of `OTEL_RESOURCE_ATTRIBUTES`.

use percent_encoding::percent_decode_str;

/// Reads `key=value,key=value`, percent-encoded. As the specification says, the whole is
/// left out when a part of it is bad.
pub(super) fn parse(list: &str) -> Result<Vec<(String, String)>, String> {
    let entries = list
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let attributes = entries.map(|entry| {
        let decoded = |text: &str| {
            let text = percent_decode_str(text.trim()).decode_utf8().ok()?;
            Some(text.into_owned())
        };
        let (key, value) = entry.split_once('=')?;
        let (key, value) = (decoded(key)?, decoded(value)?);
        (!key.is_empty()).then_some((key, value))
    });
    let attributes: Option<_> = attributes.collect();
    attributes.ok_or_else(|| "it is not a list such as team=backend,region=eu".to_owned())
}
