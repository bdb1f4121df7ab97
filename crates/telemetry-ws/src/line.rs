//! The lines of a connection.

use std::fmt::Display;
use std::sync::atomic::{AtomicBool, Ordering};

use telemetry_core::names::{self, event};
use telemetry_core::{ClientIp, client_value, mask_json_prefix, milliseconds};
use tracing::Level;

use crate::recording::End;

/// The target of the lines, whichever module writes them.
const LOGGER: &str = "telemetry_ws";

/// How many characters of a text are shown.
const MAX_PREVIEW_CHARS: usize = 100;

pub(crate) fn connected(client: Option<ClientIp>) {
    tracing::info!(
        target: LOGGER,
        message = event::WS_CONNECTED,
        { names::CLIENT_IP } = client.map(|client| client.to_string()),
    );
}

/// Writes what came in: of bytes nothing is shown.
#[inline]
pub(crate) fn receive(text: Option<&str>) {
    tracing::debug!(
        target: LOGGER,
        message = event::WS_RECEIVE,
        { names::DATA_PREVIEW } = text.map(|text| mask_json_prefix(text, MAX_PREVIEW_CHARS)).as_deref(),
    );
}

pub(crate) fn disconnected(end: &End) {
    let failure = end.failure.as_ref();
    tracing::info!(
        target: LOGGER,
        message = event::WS_DISCONNECTED,
        { names::CLOSE_CODE } = end.close_code,
        { names::DURATION_MS } = milliseconds(end.duration),
        { names::MESSAGES_RECEIVED } = end.traffic.messages_received,
        { names::MESSAGES_SENT } = end.traffic.messages_sent,
        { names::BYTES_RECEIVED } = end.traffic.bytes_received,
        { names::BYTES_SENT } = end.traffic.bytes_sent,
        { names::ERROR } = failure.map(|failure| failure.error.as_str()),
        { names::EXCEPTION } = failure.and_then(|failure| failure.exception.as_deref()),
    );
}

/// Warns of the first error in the process whose meaning is not known.
#[cold]
pub(crate) fn unrecognized(error: &impl Display) {
    static IS_REPORTED: AtomicBool = AtomicBool::new(false);

    // As long as no line is written anywhere, the warning waits.
    if tracing::enabled!(target: LOGGER, Level::WARN) && !IS_REPORTED.swap(true, Ordering::Relaxed)
    {
        tracing::warn!(
            target: LOGGER,
            message = event::WS_ERROR_UNRECOGNIZED,
            { names::ERROR } = &*client_value(&error.to_string()),
        );
    }
}
