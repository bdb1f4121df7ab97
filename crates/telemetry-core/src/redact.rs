//! What is kept off lines, spans and measurements.

mod endings;
mod json;
mod keys;
mod urls;
mod words;

pub use json::mask_json_prefix;
pub(crate) use keys::{SensitiveKeys, Sensitivity, is_sensitive_parameter, sensitivity};
pub use keys::{is_sensitive, is_sensitive_number};
pub(crate) use urls::mask_url_secrets;
pub use urls::{mask_query, mask_query_values, mask_urls};

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";
