//! The lines.

use std::time::Duration;

use telemetry_core::milliseconds;
use telemetry_core::names::{self, event};

use crate::settings::Settings;
use crate::statements::Statement;

/// The `logger` of the lines.
pub(crate) const LOGGER: &str = "telemetry_sql";

/// Writes the line of a statement that took too long.
#[cold]
pub(crate) fn write_slow(settings: &Settings, statement: &Statement, taken: Duration) {
    let text = statement.text.as_ref().filter(|_| settings.has_text);
    let text = text.map(|text| text.value.as_str());
    tracing::warn!(
        target: LOGGER,
        message = event::SLOW_STATEMENT,
        { names::DB_SYSTEM_NAME } = settings.system,
        { names::DB_NAMESPACE } = settings.namespace.as_deref(),
        { names::DB_QUERY_SUMMARY } = statement.name.as_str(),
        { names::DB_QUERY_TEXT } = text.as_deref(),
        { names::DURATION_MS } = milliseconds(taken),
    );
}
