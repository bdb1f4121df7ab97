//! Names that the semantic conventions do not have.

/// The `messaging.system`.
pub(crate) const RABBITMQ: &str = "rabbitmq";

/// The header that says which attempt a delivery is. Without it, it is the first.
pub(crate) const ATTEMPT: &str = "telemetry.attempt";
/// The header with the exchange of a message that was put back for another attempt.
pub(crate) const EXCHANGE: &str = "telemetry.exchange";
/// The header with its routing key.
pub(crate) const ROUTING_KEY: &str = "telemetry.routing_key";
/// The header with the request id of a message that was put back and that brought no id at all.
pub(crate) const REQUEST_ID: &str = "telemetry.request_id";
/// The header with the fields of the context, as propagators write it.
pub(crate) const BAGGAGE: &str = "baggage";
