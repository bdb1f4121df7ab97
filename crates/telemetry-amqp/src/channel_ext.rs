//! Publishing on a channel of one's own.

use std::future::Future;

use lapin::options::BasicPublishOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};

use crate::attributes::Envelope;
use crate::failure;
use crate::producer::Sending;

/// Publishes on a channel of lapin with the context of the current scope, for applications that
/// have connections of their own.
///
/// `request.id`, `user.id`, `labels` and the trace cross in the message's headers, beside those
/// that it has.
pub trait PublishWithContext {
    /// Does what `basic_publish` does, and waits for the confirmation.
    ///
    /// It is `NotRequested`, at once, on a channel without `confirm_select`.
    ///
    /// # Errors
    ///
    /// Those of lapin, as they are.
    fn basic_publish_with_context(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> impl Future<Output = lapin::Result<Confirmation>> + Send;
}

impl PublishWithContext for Channel {
    async fn basic_publish_with_context(
        &self,
        exchange: ShortString,
        routing_key: ShortString,
        options: BasicPublishOptions,
        payload: &[u8],
        properties: BasicProperties,
    ) -> lapin::Result<Confirmation> {
        let message = Envelope {
            exchange: exchange.as_str(),
            routing_key: routing_key.as_str(),
            queue: "",
            id: properties.message_id().as_ref().map(ShortString::as_str),
            size: payload.len(),
        };
        let sending = Sending::start(&message, &[]);
        let headers = properties.headers().as_ref();
        let mut headers = headers.map_or_else(Default::default, |table| table.inner().clone());
        sending.inject(&mut headers);
        let properties = properties.with_headers(FieldTable::from(headers));
        let confirmation = async {
            self.basic_publish(exchange, routing_key, options, payload, properties)
                .await?
                .await
        };
        let result = confirmation.await;
        sending.end(failure::from_confirmation(&result).as_ref());
        result
    }
}
