//! What a line should have, found out the simple way.

use serde_json::{Number, Value as Json};

use crate::input::{Fields, Input, Value};

const OF_THE_LINE: [&str; 4] = ["timestamp", "level", "logger", "event"];
const FAMILIES: [&str; 10] = [
    "request", "user", "task", "ws", "http", "db", "cache", "messages", "queue", "pool",
];
const NOT_EXTENDED: [&str; 7] = [
    "timestamp",
    "level",
    "logger",
    "event",
    "error",
    "exception",
    "labels",
];

struct Field {
    key: String,
    value: Json,
    /// Of the event 0, of the innermost span 1, and so on.
    section: usize,
    /// Where it stands on the line.
    at: usize,
}

/// All fields behind the first four, in order.
pub(crate) fn fields(input: &Input) -> Vec<(String, Json)> {
    let mut sections = vec![event(&input.event)];
    for span in input.spans.iter().rev() {
        let all = span.first.recorded().chain(span.later.recorded());
        sections.push(set(all.map(|(key, value)| (key, recorded(value)))));
    }
    let scope = input.scope.iter();
    sections.push(set(scope.map(|(key, value)| (&**key, bound(value)))));
    if input.has_trace {
        let ids = [
            ("trace_id", format!("{:032x}", 1)),
            ("span_id", format!("{:016x}", 2)),
        ];
        sections.push(set(ids.map(|(key, id)| (key, Json::String(id)))));
    }
    let sections = sections.into_iter().enumerate();
    let fields = sections.flat_map(|(section, fields)| {
        fields
            .into_iter()
            .map(move |(key, value)| (section, key, value))
    });
    let mut fields: Vec<_> = fields
        .enumerate()
        .map(|(at, (section, key, value))| Field {
            key,
            value,
            section,
            at,
        })
        .collect();
    loop {
        keep_the_later(&mut fields);
        let keys: Vec<_> = fields.iter().map(|field| field.key.clone()).collect();
        let mut is_done = true;
        for field in &mut fields {
            let start = format!("{}.", field.key);
            if keys.iter().any(|key| key.starts_with(&start)) {
                field.key.insert_str(0, "field.");
                is_done = false;
            }
        }
        if is_done {
            break;
        }
    }
    fields.sort_by_key(|field| field.at);
    fields
        .into_iter()
        .map(|field| (field.key, field.value))
        .collect()
}

/// The event is later than its spans, inner spans than outer ones, all of them than the scope.
fn keep_the_later(fields: &mut Vec<Field>) {
    fields.sort_by_key(|field| (field.section, std::cmp::Reverse(field.at)));
    let mut kept: Vec<Field> = Vec::new();
    for field in fields.drain(..) {
        if !kept.iter().any(|other| other.key == field.key) {
            kept.push(field);
        }
    }
    *fields = kept;
}

/// The fields of an event, which does not have its message among them.
fn event(event: &Fields) -> Vec<(String, Json)> {
    let own = || event.recorded().filter(|(key, _)| *key != "message");
    let mut fields = set(own().map(|(key, value)| (key, recorded(value))));
    let chain = own().find_map(|(_, value)| match value {
        Value::Error(message, Some(cause)) => Some(format!("{message}\ncaused by: {cause}")),
        _ => None,
    });
    if let Some(chain) = chain
        && !fields.iter().any(|(key, _)| key == "exception")
    {
        fields.push(("exception".into(), Json::String(chain)));
    }
    fields
}

/// A set, in which the last field of a key counts.
fn set<'a>(all: impl IntoIterator<Item = (&'a str, Json)>) -> Vec<(String, Json)> {
    let mut fields: Vec<(String, Json)> = Vec::new();
    for (key, value) in all {
        let key = kept_under(key);
        fields.retain(|(known, _)| *known != key);
        fields.push((key, value));
    }
    fields
}

fn kept_under(key: &str) -> String {
    let (first, rest) = key
        .split_once('.')
        .map_or((key, None), |(first, rest)| (first, Some(rest)));
    let is_reserved = match rest {
        None => OF_THE_LINE.contains(&first) || FAMILIES.contains(&first),
        Some(_) => NOT_EXTENDED.contains(&first),
    };
    if is_reserved {
        format!("field.{key}")
    } else {
        key.to_owned()
    }
}

fn recorded(value: &Value) -> Json {
    match value {
        Value::List(texts) => Json::String(format!("{texts:?}")),
        other => bound(other),
    }
}

fn bound(value: &Value) -> Json {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::I64(value) => (*value).into(),
        Value::U64(value) => (*value).into(),
        Value::F64(value) => Number::from_f64(*value).map_or_else(
            || {
                let name = if value.is_nan() {
                    "NaN"
                } else if *value > 0.0 {
                    "Infinity"
                } else {
                    "-Infinity"
                };
                name.into()
            },
            Json::Number,
        ),
        Value::Text(text) | Value::Formatted(text) | Value::Error(text, _) => (&**text).into(),
        Value::List(texts) => texts.clone().into(),
    }
}
