//! The propagator for `baggage`.

use std::borrow::Cow;
use std::sync::LazyLock;

use opentelemetry::Context;
use opentelemetry::baggage::{Baggage as Members, BaggageExt as _};
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};

use crate::redact::is_sensitive;

const HEADER: &str = "baggage";
/// What the recommendation asks to propagate at least is what is propagated at most.
const MOST_MEMBERS: usize = 64;
const MOST_BYTES: usize = 8192;

/// Reads and writes `baggage` as [W3C Baggage](https://www.w3.org/TR/baggage/) says.
///
/// Several headers are read as one. A member that is invalid is skipped; of several with
/// one key the last counts. The first 64 members and 8192 bytes are read, and no more than
/// that is written. Values are percent-decoded, and their properties kept as they are, as
/// the metadata of OpenTelemetry's baggage. Members are written in the order of their keys,
/// for OpenTelemetry's baggage has no order. A member whose key is
/// [sensitive](crate::is_sensitive) is not written.
///
/// A propagator knows no trust: one that is set globally reads what anybody sends.
/// [`extract`](super::extract) and [`inject`](super::inject) pass no baggage on, even then.
#[derive(Clone, Copy, Debug, Default)]
pub struct Baggage;

impl TextMapPropagator for Baggage {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let members = context.baggage().iter();
        let mut members: Vec<_> = members
            .filter(|(key, _)| !is_sensitive(key.as_str()))
            .collect();
        members.sort_unstable_by_key(|(key, _)| *key);
        let members = members
            .into_iter()
            .map(|(key, (value, metadata))| (key.as_str(), value.as_str(), metadata.as_str()));
        inject(members, injector);
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match extract(extractor) {
            Some(members) => context.with_baggage(members),
            None => context.clone(),
        }
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: LazyLock<[String; 1]> = LazyLock::new(|| [HEADER.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// A member as it is in a header.
pub(super) struct Member<'a> {
    pub(super) key: &'a str,
    /// Still encoded.
    value: &'a str,
    properties: String,
}

impl<'a> Member<'a> {
    pub(super) fn value(&self) -> Cow<'a, str> {
        decode(self.value)
    }
}

/// Reads the headers; `None` when there are none.
fn extract(carrier: &dyn Extractor) -> Option<Members> {
    let headers = headers(carrier)?;
    let mut members = Members::new();
    for member in read(&headers) {
        let value = member.value().into_owned();
        members.insert_with_metadata(member.key.to_owned(), value, member.properties);
    }
    Some(members)
}

/// The headers, if there are any.
pub(super) fn headers(carrier: &dyn Extractor) -> Option<Vec<&str>> {
    carrier.get(HEADER)?;
    carrier.get_all(HEADER)
}

/// The members that are read: those that are valid, within the limits.
pub(super) fn read<'a>(headers: &[&'a str]) -> impl Iterator<Item = Member<'a>> {
    let texts = headers.iter().flat_map(|header| header.split(','));
    let texts = texts.filter(|text| !trim(text).is_empty());
    let within_limits = texts.take(MOST_MEMBERS).scan(0, |bytes, text| {
        *bytes += text.len();
        let is_within = *bytes <= MOST_BYTES;
        // The comma behind it.
        *bytes += 1;
        is_within.then_some(text)
    });
    within_limits.filter_map(parse)
}

/// Writes members, each a key, a value and its properties, as far as they are valid and
/// there is room; no header when none is. OpenTelemetry's baggage holds 64 at most.
pub(super) fn inject<'a>(
    members: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
    injector: &mut dyn Injector,
) {
    let mut header = String::new();
    for (key, value, properties) in members {
        if !is_token(key) {
            continue;
        }
        let before = header.len();
        if before > 0 {
            header.push(',');
        }
        header.push_str(key);
        header.push('=');
        encode(&mut header, value);
        if let Some(properties) = parse_properties(properties)
            && !properties.is_empty()
        {
            header.push(';');
            header.push_str(&properties);
        }
        if header.len() > MOST_BYTES {
            header.truncate(before);
        }
    }
    if !header.is_empty() {
        injector.set(HEADER, header);
    }
}

/// Reads one `list-member`.
fn parse(member: &str) -> Option<Member<'_>> {
    let (pair, properties) = member.split_once(';').unwrap_or((member, ""));
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (trim(key), trim(value));
    if !is_token(key) || !is_value(value) {
        return None;
    }
    Some(Member {
        key,
        value,
        properties: parse_properties(properties)?,
    })
}

/// Reads properties, each a `property`, and writes them without white space. Empty ones are
/// left out.
fn parse_properties(properties: &str) -> Option<String> {
    let mut out = String::new();
    for property in properties.split(';').map(trim) {
        if property.is_empty() {
            continue;
        }
        let (key, value) = match property.split_once('=') {
            Some((key, value)) => (trim(key), Some(trim(value))),
            None => (property, None),
        };
        if !is_token(key) || !value.is_none_or(is_value) {
            return None;
        }
        if !out.is_empty() {
            out.push(';');
        }
        out.push_str(key);
        if let Some(value) = value {
            out.push('=');
            out.push_str(value);
        }
    }
    Some(out)
}

fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A token of RFC 7230, section 3.2.6.
fn is_token(key: &str) -> bool {
    !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn is_value(value: &str) -> bool {
    value.bytes().all(is_octet)
}

/// A `baggage-octet` of the recommendation.
fn is_octet(byte: u8) -> bool {
    matches!(byte, b'!'..=b'~') && !matches!(byte, b'"' | b',' | b';' | b'\\')
}

fn encode(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if is_octet(byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            push_encoded(out, byte);
        }
    }
}

/// Writes a byte as `%` and two digits.
fn push_encoded(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    for digit in [byte >> 4, byte & 0xf] {
        out.push(char::from(DIGITS[usize::from(digit)]));
    }
}

/// Decodes `%` and two digits wherever they are. What is not UTF-8 then is replaced by
/// U+FFFD, as the recommendation says of a `value`.
pub(crate) fn decode(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, behind @ ..] = rest {
        let decoded = match behind {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        match decoded {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &behind[2..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .into()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}
