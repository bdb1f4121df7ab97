//! Putting a message back for another attempt.

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, ShortString};

use crate::delivered::Delivered;
use crate::message::Publishing;
use crate::names::{ATTEMPT, EXCHANGE, REQUEST_ID, ROUTING_KEY};

/// Headers by which the broker would copy the message to other queues again.
const COPIES: [&str; 2] = ["CC", "BCC"];

/// The same message for the same queue, which counts the attempt that failed. All that it
/// brought comes again.
pub(crate) fn again(message: &Delivered) -> Option<Publishing> {
    let properties = message.properties();
    let headers = properties.headers().as_ref();
    let mut headers = headers.map_or_else(Default::default, |table| table.inner().clone());
    headers.retain(|key, _| !COPIES.contains(&key.as_str()));
    let mut set = |key: &str, value| headers.insert(ShortString::from(key), value);
    let text = |text: &str| AMQPValue::LongString(text.into());
    let attempt = message.attempt().saturating_add(1);
    set(ATTEMPT, AMQPValue::LongLongInt(attempt.into()));
    set(EXCHANGE, text(message.exchange()));
    set(ROUTING_KEY, text(message.routing_key()));
    if let Some(id) = message.new_request_id() {
        set(REQUEST_ID, text(id.as_str()));
    }
    Some(Publishing {
        // The default exchange delivers to the queue of that name, and to no other.
        exchange: ShortString::default(),
        routing_key: ShortString::try_new(message.queue()).ok()?,
        options: BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        },
        body: message.body().to_vec(),
        properties: without_user(properties).with_headers(headers.into()),
    })
}

/// The properties but for the user id: the broker takes only that of who publishes.
fn without_user(properties: &BasicProperties) -> BasicProperties {
    if properties.user_id().is_none() {
        return properties.clone();
    }
    let mut kept = BasicProperties::default();
    macro_rules! keep {
        ($($property:ident => $with:ident;)*) => {
            $(if let Some(value) = properties.$property().clone() {
                kept = kept.$with(value);
            })*
        };
    }
    keep! {
        content_type => with_content_type;
        content_encoding => with_content_encoding;
        delivery_mode => with_delivery_mode;
        priority => with_priority;
        correlation_id => with_correlation_id;
        reply_to => with_reply_to;
        expiration => with_expiration;
        message_id => with_message_id;
        timestamp => with_timestamp;
        kind => with_type;
        app_id => with_app_id;
        cluster_id => with_cluster_id;
    }
    kept
}
