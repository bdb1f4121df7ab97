//! The fields that cross to other processes, as members of the baggage.

use std::borrow::Cow;

use opentelemetry::propagation::{Extractor, Injector};

use super::baggage;
use crate::names;
use crate::request_id::is_valid_request_id;
use crate::scope::ScopeBuilder;
use crate::value::Value;
use crate::{Scope, scope};

/// Reads `request.id`, `user.id` and `labels`, and nothing else. What is not valid is
/// left out.
pub(super) fn extract(carrier: &dyn Extractor, scope: &mut ScopeBuilder) {
    let Some(headers) = baggage::headers(carrier) else {
        return;
    };
    let (mut request_id, mut user, mut labels) = (None, None, None);
    for member in baggage::read(&headers) {
        // Of several with one key the last counts.
        match member.key {
            names::REQUEST_ID => request_id = Some(member.value()),
            names::USER_ID => user = Some(member.value()),
            names::LABELS => labels = Some(member.value()),
            _ => {}
        }
    }
    if let Some(id) = request_id.filter(|id| is_valid_request_id(&**id)) {
        scope.field(names::REQUEST_ID, &*id);
    }
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        scope.field(names::USER_ID, user_from(&user));
    }
    if let Some(labels) = labels.filter(|labels| !labels.is_empty()) {
        scope.field(names::LABELS, labels_from(&labels));
    }
}

/// Writes those of the three that the current scope has, with values of their type.
pub(super) fn inject(injector: &mut dyn Injector) {
    // Copied, so that nothing is locked while the carrier is called.
    let fields = scope::with_current(|scope| {
        [
            (names::REQUEST_ID, request_id(scope)),
            (names::USER_ID, user(scope)),
            (names::LABELS, labels(scope)),
        ]
    });
    let fields = fields.iter().flatten();
    let members = fields.filter_map(|(key, text)| Some((*key, text.as_deref()?, "")));
    baggage::inject(members, injector);
}

fn request_id(scope: &Scope) -> Option<String> {
    match scope.get(names::REQUEST_ID)? {
        Value::String(id) if is_valid_request_id(&id) => Some(id),
        _ => None,
    }
}

fn user(scope: &Scope) -> Option<String> {
    match scope.get(names::USER_ID)? {
        Value::I64(id) => Some(id.to_string()),
        Value::U64(id) => Some(id.to_string()),
        Value::String(id) if !id.is_empty() => Some(id),
        _ => None,
    }
}

/// The integer that `text` is written for, else the text. The string `42` thus comes back
/// as an integer, while `042` stays what it is.
fn user_from(text: &str) -> Value {
    if let Ok(id) = text.parse::<i64>()
        && id.to_string() == text
    {
        Value::I64(id)
    } else if let Ok(id) = text.parse::<u64>()
        && id.to_string() == text
    {
        Value::U64(id)
    } else {
        Value::String(text.to_owned())
    }
}

/// Labels with commas between them; a comma within one, and `%`, is percent-encoded. The
/// baggage then encodes the whole, so that no comma is left.
fn labels(scope: &Scope) -> Option<String> {
    let Value::List(labels) = scope.get(names::LABELS)? else {
        return None;
    };
    let labels: Vec<_> = labels.iter().map(|label| label_text(label)).collect();
    Some(labels.join(",")).filter(|text| !text.is_empty())
}

fn label_text(label: &str) -> Cow<'_, str> {
    if !label.contains([',', '%']) {
        return label.into();
    }
    let mut text = String::with_capacity(label.len() + 2);
    for character in label.chars() {
        match character {
            ',' => text.push_str("%2C"),
            '%' => text.push_str("%25"),
            other => text.push(other),
        }
    }
    text.into()
}

fn labels_from(text: &str) -> Vec<String> {
    let labels = text.split(',').map(baggage::decode);
    labels.map(Cow::into_owned).collect()
}
