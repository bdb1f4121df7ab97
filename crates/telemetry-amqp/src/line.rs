//! The lines of connections, consumers and messages.

use std::time::{Duration, Instant};

use telemetry_core::names::{self, event};
use telemetry_core::{Failure, error_chain, milliseconds};

/// The `logger` of the lines.
const LOGGER: &str = "telemetry_amqp";

/// Writes the line of a connection that is there; after an outage, with how long that was.
pub(crate) fn write_connected(broker: &str, outage: Option<Instant>) {
    tracing::info!(
        target: LOGGER,
        message = event::BROKER_CONNECTED,
        { names::BROKER } = broker,
        { names::DURATION_MS } = outage.map(|since| milliseconds(since.elapsed())),
    );
}

/// Writes the line of a connection that is lost, or cannot be had.
pub(crate) fn write_disconnected(broker: &str, error: &lapin::Error) {
    tracing::warn!(
        target: LOGGER,
        message = event::BROKER_DISCONNECTED,
        { names::BROKER } = broker,
        { names::ERROR } = error_chain::message(error).as_str(),
    );
}

/// Writes the line of a consumer that begins to take messages.
pub(crate) fn write_started(queue: &str) {
    tracing::info!(
        target: LOGGER,
        message = event::CONSUMER_STARTED,
        { names::MESSAGING_DESTINATION_NAME } = queue,
    );
}

/// Writes the line of a consumer that cannot take messages.
pub(crate) fn write_interrupted(queue: &str, error: &str) {
    tracing::warn!(
        target: LOGGER,
        message = event::CONSUMER_INTERRUPTED,
        { names::MESSAGING_DESTINATION_NAME } = queue,
        { names::ERROR } = error,
    );
}

/// Writes the line that begins an attempt.
pub(crate) fn write_received() {
    tracing::debug!(target: LOGGER, message = event::MESSAGE_RECEIVED);
}

/// Writes the line that ends an attempt, after which another one may follow.
pub(crate) fn write_end(failure: Option<&Failure>, is_retried: bool, duration: Duration) {
    let duration_ms = milliseconds(duration);
    match failure {
        None => tracing::info!(
            target: LOGGER,
            message = event::MESSAGE_PROCESSED,
            { names::DURATION_MS } = duration_ms,
        ),
        Some(failure) if is_retried => tracing::warn!(
            target: LOGGER,
            message = event::MESSAGE_RETRYING,
            { names::ERROR } = failure.error.as_str(),
            { names::DURATION_MS } = duration_ms,
        ),
        Some(failure) => tracing::error!(
            target: LOGGER,
            message = event::MESSAGE_FAILED,
            { names::ERROR } = failure.error.as_str(),
            { names::EXCEPTION } = failure.exception.as_deref(),
            { names::DURATION_MS } = duration_ms,
        ),
    }
}

/// Writes the line of a message that the broker will deliver again.
pub(crate) fn write_unsettled(error: &str) {
    tracing::warn!(
        target: LOGGER,
        message = event::MESSAGE_UNSETTLED,
        { names::ERROR } = error,
    );
}
