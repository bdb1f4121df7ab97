//! Why a message was not published.

use std::time::Duration;

use thiserror::Error;

/// A message that the broker did not confirm.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum PublishError {
    /// A name is longer than the 255 bytes that AMQP has room for. Nothing was sent.
    #[error("the {0} of the message is longer than 255 bytes")]
    TooLong(&'static str),
    /// The broker is away, as was found out before. Nothing was sent.
    #[error("the broker is away")]
    Away(#[source] lapin::Error),
    /// The connection was lost before the broker confirmed: the message may have arrived.
    #[error("the connection was lost before the broker confirmed the message")]
    Lost(#[source] lapin::Error),
    /// The broker did not confirm within the time: the message may have arrived.
    #[error("the broker did not confirm the message within {0:?}")]
    TimedOut(Duration),
    /// No queue takes messages of this exchange and routing key.
    #[error("no queue takes the message")]
    Unroutable,
    /// The broker could not take the message, or its queue is full.
    #[error("the broker refused the message")]
    Refused,
    /// The broker closed the channel: for an exchange that is not there, or not permitted.
    #[error("the broker closed the channel")]
    Closed(#[source] lapin::Error),
}
