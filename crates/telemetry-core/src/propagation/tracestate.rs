//! The `tracestate` header.

use opentelemetry::propagation::Extractor;
use opentelemetry::trace::TraceState;

/// The header that it is in.
pub(super) const HEADER: &str = "tracestate";

const MOST_MEMBERS: usize = 32;
/// Of a key as of a value, in characters.
const LONGEST: usize = 256;

/// The members of a header, in order.
pub(super) type Members = Vec<(String, String)>;

/// Reads the headers of a trace, combined in their order (level 2, section 3.3). When any
/// member is invalid, or there are more than 32 members, empty ones not counted, all are
/// discarded. Of a key that is there twice the first stays, which is the latest.
///
/// Gives all members beside the state when the state cannot hold all of them. [`TraceState`]
/// refuses some that level 2 allows: those with more than one `@` in the key, or one that
/// more than 13 characters follow, or one before another sign.
pub(super) fn extract(carrier: &dyn Extractor) -> (TraceState, Members) {
    let headers = carrier.get_all(HEADER).unwrap_or_default();
    let members = parse(&headers).unwrap_or_default();
    match TraceState::from_key_value(members.iter().copied()) {
        Ok(state) => (state, Members::new()),
        Err(_) => {
            let held = members.iter().copied().filter(|member| is_held(*member));
            let state = TraceState::from_key_value(held).unwrap_or_default();
            let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
            (state, members.into_iter().map(owned).collect())
        }
    }
}

/// Writes the state of a span; empty when there is none. Of the members that came in beside
/// it, those that were not changed stay in their order, and what was added or changed since
/// is to the left of them (level 2, section 3.5).
pub(super) fn render(state: &TraceState, received: &[(String, String)]) -> String {
    let mut members = Vec::new();
    if received.is_empty() {
        members.extend(state);
    } else {
        let received = received.iter().map(|(key, value)| (&**key, &**value));
        let is_new = |member: &(&str, &str)| !received.clone().any(|other| other == *member);
        members.extend(state.into_iter().filter(is_new));
        members.extend(
            received
                .clone()
                .filter(|(key, value)| match state.get(key) {
                    Some(now) => now == *value,
                    None => !is_held((key, value)),
                }),
        );
    }
    // A state that was made elsewhere may hold what is no header.
    members.retain(|(key, value)| is_key(key) && is_value(value));
    members.truncate(MOST_MEMBERS);
    join(&members)
}

fn parse<'a>(headers: &[&'a str]) -> Option<Vec<(&'a str, &'a str)>> {
    let mut members: Vec<(&str, &str)> = Vec::new();
    for member in headers.iter().flat_map(|header| header.split(',')) {
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        if members.len() == MOST_MEMBERS || !is_key(key) || !is_value(value) {
            return None;
        }
        if !members.iter().any(|(other, _)| *other == key) {
            members.push((key, value));
        }
    }
    Some(members)
}

fn join(members: &[(&str, &str)]) -> String {
    let mut header = String::new();
    for (key, value) in members {
        if !header.is_empty() {
            header.push(',');
        }
        header.push_str(key);
        header.push('=');
        header.push_str(value);
    }
    header
}

/// Says whether [`TraceState`] can hold a member.
fn is_held(member: (&str, &str)) -> bool {
    TraceState::from_key_value([member]).is_ok()
}

/// The rule `key` of level 2. That of level 1, with one `@` between a tenant and a system, is
/// narrower.
fn is_key(key: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let mut bytes = key.bytes();
    key.len() <= LONGEST
        && bytes.next().is_some_and(is_alphanumeric)
        && bytes.all(|byte| is_alphanumeric(byte) || b"_-*/@".contains(&byte))
}

/// The rule `value` of level 2.
fn is_value(value: &str) -> bool {
    (1..=LONGEST).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
        && !value.ends_with(' ')
}
