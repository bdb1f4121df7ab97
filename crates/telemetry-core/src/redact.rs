//! What is kept off lines, spans and measurements.

mod endings;
mod json;
mod keys;
mod urls;
mod words;

pub use json::mask_json_prefix;
pub use keys::is_sensitive;
pub(crate) use keys::{SensitiveKeys, Sensitivity, is_sensitive_parameter, sensitivity};
pub(crate) use urls::mask_url_secrets;
pub use urls::{mask_query, mask_query_values, mask_urls};

/// What stands in place of a secret.
pub(crate) const REDACTED: &str = "[redacted]";
