//! How much of a span and of a log record is exported.

use telemetry_core::EnvironmentReader;

/// The largest limit: the specification asks for no larger one.
const MAX_LIMIT: u32 = i32::MAX as u32;
/// The specification's default of each count.
const DEFAULT_COUNT_LIMIT: u32 = 128;

/// How much of a span is exported (`OTEL_SPAN_*`, `OTEL_EVENT_*`, `OTEL_LINK_*`).
///
/// What is too much is left out, the later before the earlier, and counted in the span. Lengths are
/// in characters, and hold for the values of the span's attributes and of those of its events and
/// links: text, and each text of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanLimits {
    attribute_length: Option<u32>,
    attributes: u32,
    events: u32,
    links: u32,
    event_attributes: u32,
    link_attributes: u32,
}

/// How much of a log record is exported (`OTEL_LOGRECORD_*`). See [`SpanLimits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRecordLimits {
    attribute_length: Option<u32>,
    attributes: u32,
}

impl SpanLimits {
    /// The specification's defaults: 128 of each, of any length.
    #[must_use]
    pub fn new() -> Self {
        Self {
            attribute_length: None,
            attributes: DEFAULT_COUNT_LIMIT,
            events: DEFAULT_COUNT_LIMIT,
            links: DEFAULT_COUNT_LIMIT,
            event_attributes: DEFAULT_COUNT_LIMIT,
            link_attributes: DEFAULT_COUNT_LIMIT,
        }
    }

    /// How many characters a value of an attribute may have; `None`: any number.
    #[must_use]
    pub fn attribute_length(self) -> Option<u32> {
        self.attribute_length
    }

    /// Sets how many characters a value of an attribute may have.
    #[must_use]
    pub fn with_attribute_length(mut self, limit: Option<u32>) -> Self {
        self.attribute_length = limit;
        self
    }

    /// How many attributes a span may have.
    #[must_use]
    pub fn attributes(self) -> u32 {
        self.attributes
    }

    /// Sets how many attributes a span may have.
    #[must_use]
    pub fn with_attributes(mut self, limit: u32) -> Self {
        self.attributes = limit;
        self
    }

    /// How many events a span may have.
    #[must_use]
    pub fn events(self) -> u32 {
        self.events
    }

    /// Sets how many events a span may have.
    #[must_use]
    pub fn with_events(mut self, limit: u32) -> Self {
        self.events = limit;
        self
    }

    /// How many links a span may have.
    #[must_use]
    pub fn links(self) -> u32 {
        self.links
    }

    /// Sets how many links a span may have.
    #[must_use]
    pub fn with_links(mut self, limit: u32) -> Self {
        self.links = limit;
        self
    }

    /// How many attributes an event of a span may have.
    #[must_use]
    pub fn event_attributes(self) -> u32 {
        self.event_attributes
    }

    /// Sets how many attributes an event of a span may have.
    #[must_use]
    pub fn with_event_attributes(mut self, limit: u32) -> Self {
        self.event_attributes = limit;
        self
    }

    /// How many attributes a link of a span may have.
    #[must_use]
    pub fn link_attributes(self) -> u32 {
        self.link_attributes
    }

    /// Sets how many attributes a link of a span may have.
    #[must_use]
    pub fn with_link_attributes(mut self, limit: u32) -> Self {
        self.link_attributes = limit;
        self
    }
}

impl Default for SpanLimits {
    fn default() -> Self {
        Self::new()
    }
}

impl LogRecordLimits {
    /// The specification's defaults: 128 attributes, of any length.
    #[must_use]
    pub fn new() -> Self {
        Self {
            attribute_length: None,
            attributes: DEFAULT_COUNT_LIMIT,
        }
    }

    /// How many characters a value of an attribute may have; `None`: any number.
    #[must_use]
    pub fn attribute_length(self) -> Option<u32> {
        self.attribute_length
    }

    /// Sets how many characters a value of an attribute may have.
    #[must_use]
    pub fn with_attribute_length(mut self, limit: Option<u32>) -> Self {
        self.attribute_length = limit;
        self
    }

    /// How many attributes a log record may have.
    #[must_use]
    pub fn attributes(self) -> u32 {
        self.attributes
    }

    /// Sets how many attributes a log record may have.
    #[must_use]
    pub fn with_attributes(mut self, limit: u32) -> Self {
        self.attributes = limit;
        self
    }
}

impl Default for LogRecordLimits {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads the limits of spans and of log records. What is set for one of them wins over what is set
/// for all attributes.
pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> (SpanLimits, LogRecordLimits) {
    let general = read_attributes(reader, "OTEL", (None, DEFAULT_COUNT_LIMIT));
    let (attribute_length, attributes) = read_attributes(reader, "OTEL_SPAN", general);
    let mut spans = SpanLimits::new()
        .with_attribute_length(attribute_length)
        .with_attributes(attributes);
    for (name, setting) in [
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", &mut spans.events),
        ("OTEL_SPAN_LINK_COUNT_LIMIT", &mut spans.links),
        (
            "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
            &mut spans.event_attributes,
        ),
        (
            "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
            &mut spans.link_attributes,
        ),
    ] {
        reader.parsed(name, setting, limit, u32::clone);
    }
    let (attribute_length, attributes) = read_attributes(reader, "OTEL_LOGRECORD", general);
    let records = LogRecordLimits::new()
        .with_attribute_length(attribute_length)
        .with_attributes(attributes);
    (spans, records)
}

/// Reads the length and the count of attributes.
fn read_attributes(
    reader: &mut EnvironmentReader<'_>,
    prefix: &str,
    (mut length, mut count): (Option<u32>, u32),
) -> (Option<u32>, u32) {
    reader.parsed(
        &format!("{prefix}_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
        &mut length,
        |text| limit(text).map(Some),
        |length| length.map_or_else(|| "no limit".to_owned(), |limit| limit.to_string()),
    );
    let name = format!("{prefix}_ATTRIBUTE_COUNT_LIMIT");
    reader.parsed(&name, &mut count, limit, u32::clone);
    (length, count)
}

fn limit(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(limit @ 0..=MAX_LIMIT) => Ok(limit),
        _ => Err(format!("{text:?} is not a number from 0 to {MAX_LIMIT}")),
    }
}
