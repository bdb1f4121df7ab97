//! Random events, spans and scopes.

use std::error::Error;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use telemetry_core::{FieldValue, ValueEncoder};
use tracing::callsite::{Callsite, Identifier};
use tracing::field::{FieldSet, Value as Recorded};
use tracing::metadata::{Kind, Metadata};
use tracing::span::EnteredSpan;
use tracing::subscriber::Interest;
use tracing::{Event, Level, Span};

/// How many callsites of events there are, and how many of spans: metadata lives for ever.
const CALLSITES: usize = 2_000;

#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) event: Fields,
    /// From the outermost.
    pub(crate) spans: Vec<SpanFields>,
    pub(crate) scope: Vec<(String, Value)>,
    pub(crate) has_trace: bool,
}

/// The fields of a callsite, with those values that are recorded.
#[derive(Debug)]
pub(crate) struct Fields {
    site: &'static Site,
    values: Vec<Option<Value>>,
}

#[derive(Debug)]
pub(crate) struct SpanFields {
    pub(crate) first: Fields,
    /// What is recorded once the span is there.
    pub(crate) later: Fields,
}

#[derive(Clone, Debug)]
pub(crate) enum Value {
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    Text(String),
    Formatted(String),
    Error(String, Option<String>),
    List(Vec<String>),
}

impl Fields {
    /// Names and values of what is recorded, in order.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        let names = self.site.names.iter().copied();
        names
            .zip(&self.values)
            .filter_map(|(name, value)| Some((name, value.as_ref()?)))
    }

    pub(crate) fn log(&self) {
        self.with_values(|values| {
            let metadata = self.site.metadata();
            Event::dispatch(metadata, &metadata.fields().value_set_all(values));
        });
    }

    fn with_values<T>(&self, use_them: impl FnOnce(&[Option<&dyn Recorded>]) -> T) -> T {
        let values: Vec<_> = self.values.iter().map(Option::as_ref).collect();
        let values: Vec<_> = values
            .iter()
            .map(|value| value.map(Value::recorded))
            .collect();
        let values: Vec<_> = values.iter().map(Option::as_deref).collect();
        use_them(&values)
    }
}

impl SpanFields {
    pub(crate) fn enter(&self) -> EnteredSpan {
        let metadata = self.first.site.metadata();
        let span = self
            .first
            .with_values(|values| Span::new(metadata, &metadata.fields().value_set_all(values)));
        self.later.with_values(|values| {
            span.record_all(&metadata.fields().value_set_all(values));
        });
        span.entered()
    }
}

impl Value {
    fn recorded(&self) -> Box<dyn Recorded + '_> {
        match self {
            Self::Bool(value) => Box::new(*value),
            Self::I64(value) => Box::new(*value),
            Self::U64(value) => Box::new(*value),
            Self::F64(value) => Box::new(*value),
            Self::Text(value) => Box::new(&**value),
            Self::Formatted(value) => Box::new(tracing::field::display(value)),
            Self::Error(message, cause) => Box::new(Box::new(Failed {
                message: message.clone(),
                cause: cause.clone().map(|message| {
                    Box::new(Failed {
                        message,
                        cause: None,
                    })
                }),
            }) as Box<dyn Error + Send + Sync>),
            // An event has no lists.
            Self::List(values) => Box::new(tracing::field::debug(values)),
        }
    }
}

impl FieldValue for Value {
    fn encode(&self, encoder: ValueEncoder<'_>) {
        match self {
            Self::Bool(value) => encoder.bool(*value),
            Self::I64(value) => encoder.i64(*value),
            Self::U64(value) => encoder.u64(*value),
            Self::F64(value) => encoder.f64(*value),
            Self::Text(value) => encoder.string(value),
            Self::Formatted(value) | Self::Error(value, _) => encoder.display(value),
            Self::List(values) => encoder.list(values),
        }
    }
}

#[derive(Debug)]
struct Failed {
    message: String,
    cause: Option<Box<Self>>,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// A callsite that is made while the program runs.
struct Site {
    names: &'static [&'static str],
    metadata: OnceLock<Metadata<'static>>,
}

impl Callsite for Site {
    fn set_interest(&self, _: Interest) {}

    fn metadata(&self) -> &Metadata<'static> {
        self.metadata.get().unwrap()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

impl Site {
    fn new(names: Vec<String>, kind: Kind) -> &'static Self {
        let names: Vec<&'static str> = names.into_iter().map(|name| &*name.leak()).collect();
        let site: &'static Self = Box::leak(Box::new(Self {
            names: names.leak(),
            metadata: OnceLock::new(),
        }));
        let fields = FieldSet::new(site.names, Identifier(site));
        let metadata = Metadata::new(
            "any",
            "any_line::\"made\"",
            Level::INFO,
            None,
            None,
            None,
            fields,
            kind,
        );
        site.metadata.set(metadata).unwrap();
        site
    }
}

/// As many callsites with names of this strategy.
fn sites(names: impl Strategy<Value = Vec<String>>, kind: fn() -> Kind) -> Vec<&'static Site> {
    let mut runner = TestRunner::deterministic();
    (0..CALLSITES)
        .map(|_| Site::new(names.new_tree(&mut runner).unwrap().current(), kind()))
        .collect()
}

static EVENTS: LazyLock<Vec<&'static Site>> = LazyLock::new(|| {
    let names = (any::<bool>(), prop::collection::vec(key(), 0..8));
    let names = names.prop_map(|(has_message, mut names)| {
        // `tracing`'s macros put it first.
        names.retain(|name| name != "message");
        if has_message {
            names.insert(0, "message".into());
        }
        names
    });
    sites(names, || Kind::EVENT)
});

static SPANS: LazyLock<Vec<&'static Site>> =
    LazyLock::new(|| sites(prop::collection::vec(key(), 0..5), || Kind::SPAN));

/// Keys that nearly all lines have in common, extend each other, or need escaping.
fn key() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        8 => prop::sample::select(vec!["a", "b", "c", "id", "x"]).prop_map(str::to_owned),
        4 => prop::sample::select(vec![
            "timestamp", "level", "logger", "event", "field", "error", "exception", "labels",
            "user", "request", "http", "queue", "trace_id", "span_id", "line_truncated", "message",
        ])
        .prop_map(str::to_owned),
        1 => prop::sample::select(vec!["", "\"", "\\", "\n", "é", "\u{1b}[31m", "\u{2028}"])
            .prop_map(str::to_owned),
        1 => "[xyz]{1,3}",
    ];
    prop::collection::vec(segment, 1..4).prop_map(|segments| segments.join("."))
}

/// A text that an error keeps whole, together with that of its cause.
fn error_text() -> impl Strategy<Value = String> {
    text().prop_map(|mut text| {
        text.truncate(text.floor_char_boundary(3_000));
        text
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        24 => "[ -~]{0,12}",
        12 => "(?s).{0,12}",
        8 => prop::sample::select(vec![
            "\r\n", "\0", "\\\"", "\u{1b}[31mred\u{1b}[0m", "\u{2028}\u{2029}", "\u{feff}",
            "\n{\"event\":\"forged\"}\n", "é中🦀", ",\"a\":1",
        ])
        .prop_map(str::to_owned),
        // What does not fit a line.
        1 => (prop::sample::select(vec!["x", "é", "🦀", "\n", "\"x", "\u{1b}"]), 0..3_000_usize)
            .prop_map(|(text, count)| text.repeat(count)),
    ]
    // The secrets of URLs are masked, which has tests of its own.
    .prop_map(|text| text.replace("://", ":/"))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::I64),
        any::<u64>().prop_map(Value::U64),
        any::<i32>().prop_map(|hundredths| Value::F64(f64::from(hundredths) / 100.0)),
        prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).prop_map(Value::F64),
        text().prop_map(Value::Text),
        text().prop_map(Value::Text),
        text().prop_map(Value::Formatted),
        (error_text(), prop::option::of(error_text()))
            .prop_map(|(text, cause)| Value::Error(text, cause)),
    ]
}

/// Fields of one of these callsites.
fn fields(sites: &'static [&'static Site]) -> impl Strategy<Value = Fields> {
    let values = prop::collection::vec(prop::option::weighted(0.8, value()), 9);
    (0..sites.len(), values).prop_map(|(site, values)| Fields::new(sites[site], values))
}

impl Fields {
    fn new(site: &'static Site, mut values: Vec<Option<Value>>) -> Self {
        values.truncate(site.names.len());
        // A message is text.
        if let (Some(&"message"), Some(first)) = (site.names.first(), values.first_mut())
            && !matches!(first, Some(Value::Text(_)))
        {
            *first = Some(Value::Formatted("formatted".into()));
        }
        Self { site, values }
    }
}

fn span() -> impl Strategy<Value = SpanFields> {
    let later = prop::collection::vec(prop::option::weighted(0.2, value()), 9);
    (fields(&SPANS), later).prop_map(|(first, mut later)| {
        later.truncate(first.values.len());
        let later = Fields {
            site: first.site,
            values: later,
        };
        SpanFields { first, later }
    })
}

pub(crate) fn any_input() -> impl Strategy<Value = Input> {
    let bound = prop_oneof![
        8 => value(),
        2 => prop::collection::vec(text(), 0..4).prop_map(Value::List),
    ];
    let few = prop::collection::vec(span(), 0..4);
    let many = prop::collection::vec(span(), 16..24);
    (
        fields(&EVENTS),
        prop_oneof![60 => few, 1 => many],
        prop::collection::vec((key(), bound), 0..6),
        any::<bool>(),
    )
        .prop_map(|(event, spans, scope, has_trace)| Input {
            event,
            spans,
            scope,
            has_trace,
        })
}
