//! How publishing failed, by what the broker answered.

use lapin::Confirmation;
use telemetry_core::{Failure, error_chain};

use crate::publish_error::PublishError;

/// The class of a message that the broker refused.
const NACK: &str = "nack";
/// The class of a message that no queue takes.
const UNROUTABLE: &str = "unroutable";

/// The failure of a message that the broker did not confirm, with what caused it.
pub(crate) fn from_publish_error(error: &PublishError) -> Failure {
    let class = match error {
        PublishError::TooLong(_) => "too_long",
        PublishError::Away(_) => "away",
        PublishError::Lost(_) => "connection_lost",
        PublishError::TimedOut(_) => "timeout",
        PublishError::Unroutable => UNROUTABLE,
        PublishError::Refused => NACK,
        PublishError::Closed(_) => "channel_closed",
    };
    Failure::new(class).with_error(&error_chain::sentence(error))
}

/// The failure of what lapin gave; `None` when the message was taken.
pub(crate) fn from_confirmation(result: &lapin::Result<Confirmation>) -> Option<Failure> {
    match result {
        Ok(Confirmation::Ack(Some(_))) => Some(Failure::new(UNROUTABLE)),
        Ok(Confirmation::Nack(_)) => Some(Failure::new(NACK)),
        Ok(_) => None,
        Err(error) => Some(Failure::new(Failure::OTHER).with_error(error)),
    }
}
