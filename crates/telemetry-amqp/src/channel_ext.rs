//! Publishing on a channel of one's own.

use std::future::Future;

use lapin::options::BasicPublishOptions;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation};
use telemetry_core::{FutureExt as _, instrument};

use crate::attributes::Envelope;
use crate::failure;
use crate::headers;
use crate::names::BAGGAGE;
use crate::producer::Sending;

/// Publishes on a channel of lapin with the context of the current scope, for applications that
/// have connections of their own.
///
/// `request.id`, `user.id`, `labels` and the trace cross in the message's headers, beside those
/// that it has. Outside of any scope, or in one without a valid `request.id`, a message without
/// a header `baggage` gets a new one.
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
        let headers = properties.headers().as_ref();
        let has_context = headers.is_some_and(|table| headers::text(table, BAGGAGE).is_some());
        let published = publish(self, exchange, routing_key, options, payload, properties);
        match instrument::sending_scope() {
            // A message that is passed on keeps the context that it has.
            Some(scope) if !has_context => published.in_scope(scope).await,
            _ => published.await,
        }
    }
}

/// Publishes with the context of the current scope.
async fn publish(
    channel: &Channel,
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
        channel
            .basic_publish(exchange, routing_key, options, payload, properties)
            .await?
            .await
    };
    let result = confirmation.await;
    sending.end(failure::from_confirmation(&result).as_ref());
    result
}
