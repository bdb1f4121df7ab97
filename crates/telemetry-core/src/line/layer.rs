//! The layer that makes lines of events.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::fields::Fields;
use crate::held::Held;
use crate::line::event::EventLine;
use crate::line::spans::{FieldsVisitor, SpanFields};
use crate::line::{
    DEFAULT_LINE_LIMIT, LineSink, LineSource, LogFormat, MIN_LINE_LIMIT, plain, pretty, terminal,
    user_sink,
};
use crate::scope;
use crate::trace;
use crate::writer::Writer;

/// A buffer that has grown beyond this for one line is given back.
const LARGEST_KEPT_BUFFER: usize = 64 * 1024;

thread_local! {
    static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static TEXT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Makes one line of each event: its fields, those of its spans, the current scope, and
/// the ids of the current OpenTelemetry span.
///
/// [`Telemetry`](crate::Telemetry) installs one. Use it yourself to add the lines to a
/// subscriber of your own:
///
/// ```
/// use telemetry_core::{LineLayer, LogFormat};
/// use tracing_subscriber::layer::SubscriberExt as _;
///
/// let layer = LineLayer::new(LogFormat::Json, |line: &[u8], _level| {
///     print!("{}", String::from_utf8_lossy(line));
/// });
/// let subscriber = tracing_subscriber::registry().with(layer);
/// ```
///
/// It has no filter of its own: give it one with
/// [`with_filter`](tracing_subscriber::Layer::with_filter).
pub struct LineLayer<S> {
    sink: S,
    /// Whether the sink is the writer, which never panics.
    is_writer: bool,
    format: LogFormat,
    colors: bool,
    is_terminal: bool,
    is_plain_text: bool,
    limit: LineLimit,
    copies: Option<SharedSink>,
    /// The fields of every line.
    fields: Fields,
}

/// How long a line may be, with its line end.
#[derive(Clone, Copy, Debug)]
enum LineLimit {
    Bytes(usize),
    /// As the settings say that are in effect where the line is made.
    #[cfg(feature = "testing")]
    InEffect,
}

impl LineLimit {
    /// Zero is no limit.
    const fn new(bytes: usize) -> Self {
        Self::Bytes(match bytes {
            0 => usize::MAX,
            bytes if bytes < MIN_LINE_LIMIT => MIN_LINE_LIMIT,
            bytes => bytes,
        })
    }

    #[inline]
    fn bytes(self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes,
            #[cfg(feature = "testing")]
            Self::InEffect => Self::new(crate::in_effect::current().line_limit).bytes(),
        }
    }
}

/// A sink of any type.
pub(crate) type SharedSink = Arc<dyn LineSink + Send + Sync>;

impl<S: LineSink> LineLayer<S> {
    /// Makes a layer whose lines go to `sink`, without colours.
    pub const fn new(format: LogFormat, sink: S) -> Self {
        Self {
            sink,
            is_writer: false,
            format,
            colors: false,
            is_terminal: false,
            is_plain_text: false,
            limit: LineLimit::new(DEFAULT_LINE_LIMIT),
            copies: None,
            fields: Fields::new(),
        }
    }

    /// Writes plain text in place of the format.
    #[must_use]
    pub(crate) fn with_plain_text(mut self, is_plain_text: bool) -> Self {
        self.is_plain_text = is_plain_text;
        self
    }

    /// Sets how long a line may be in JSON, in bytes and with its line end; 16,000 by default.
    /// Of a longer one the longest values are cut, then the last fields left out, and it has
    /// `line_truncated`. Zero is no limit, and no other is below 1,000.
    #[must_use]
    pub fn with_line_limit(mut self, limit: usize) -> Self {
        self.limit = LineLimit::new(limit);
        self
    }

    /// Takes the limit from the settings that are in effect where a line is made.
    #[cfg(feature = "testing")]
    #[must_use]
    pub(crate) fn with_line_limit_in_effect(mut self) -> Self {
        self.limit = LineLimit::InEffect;
        self
    }

    /// Hands each line to `copies` too: in JSON, whatever the format.
    #[must_use]
    pub(crate) fn with_copies(mut self, copies: Option<SharedSink>) -> Self {
        self.copies = copies;
        self
    }

    /// Adds fields to every line, behind all others.
    #[must_use]
    pub(crate) fn with_fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// Lays [`Pretty`](LogFormat::Pretty) lines out for the terminal of the standard output, in
    /// rows that are no wider than it is.
    #[must_use]
    pub(crate) fn with_terminal(mut self, is_terminal: bool) -> Self {
        self.is_terminal = is_terminal;
        self
    }

    /// Colours [`Pretty`](LogFormat::Pretty) lines with ANSI escapes.
    #[must_use]
    pub fn with_colors(mut self, colors: bool) -> Self {
        self.colors = colors;
        self
    }
}

impl<C, S> Layer<C> for LineLayer<S>
where
    C: Subscriber + for<'span> LookupSpan<'span>,
    S: LineSink + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, C>) {
        if attributes.is_empty() {
            return;
        }
        let mut visitor = FieldsVisitor::of_span();
        attributes.record(&mut visitor);
        keep(visitor.fields, id, &context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, C>) {
        let mut visitor = FieldsVisitor::of_span();
        values.record(&mut visitor);
        keep(visitor.fields, id, &context);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, C>) {
        // Taken out, so that a value that logs while it is formatted finds an empty buffer.
        let mut buffer = LINE.try_with(Cell::take).unwrap_or_default();
        let span_name = || context.event_span(event).map(|span| span.name());
        let mut line = EventLine::begin(event, &span_name, &mut buffer, self.limit.bytes());
        let own_fields = if self.is_terminal {
            line.count_fields()
        } else {
            0
        };
        // An allocator that logs while fields of spans are stored must not wait for these.
        let held = Held::begin();
        if let Some(spans) = held.as_ref().and_then(|_| context.event_scope(event)) {
            for span in spans {
                if let Some(fields) = span.extensions().get::<SpanFields>() {
                    line.add(&fields.0);
                }
            }
        }
        drop(held);
        scope::with_current(|scope| line.add(scope.lock().fields()));
        if !self.fields.is_empty() {
            line.add(&self.fields);
        }
        let mut trace_flags = None;
        if line.has_trace() {
            trace::with_current(|span| {
                line.add_trace(span);
                trace_flags = Some(span.trace_flags());
            });
        }
        line.finish();
        let source = LineSource::new(event.metadata(), trace_flags);
        if self.is_plain_text {
            self.hand_over_text(&buffer, event, &context, &source);
        } else {
            self.hand_over(&buffer, own_fields, &source);
        }
        give_back(&LINE, buffer);
    }
}

/// Keeps fields of a span in its extensions, where a second layer of this kind finds them
/// and sets them once more.
fn keep<C>(fields: Fields, id: &Id, context: &Context<'_, C>)
where
    C: Subscriber + for<'span> LookupSpan<'span>,
{
    if fields.is_empty() {
        return;
    }
    let Some(span) = context.span(id) else { return };
    // Within another such lock they are lost, and so is what an allocator records.
    let Some(_held) = Held::begin() else { return };
    let mut extensions = span.extensions_mut();
    match extensions.get_mut::<SpanFields>() {
        Some(kept) => kept.0.merge(&fields),
        None => extensions.insert(SpanFields(fields)),
    }
}

impl<S: LineSink> LineLayer<S> {
    #[cold]
    fn hand_over_text<C>(
        &self,
        line: &[u8],
        event: &Event<'_>,
        context: &Context<'_, C>,
        source: &LineSource,
    ) where
        C: Subscriber + for<'span> LookupSpan<'span>,
    {
        if let Some(copies) = &self.copies {
            user_sink::accept(copies, line, source);
        }
        let mut spans = String::new();
        for span in context.event_scope(event).into_iter().flatten() {
            spans.insert_str(0, &format!("{}:", span.name()));
        }
        if !spans.is_empty() {
            spans.push(' ');
        }
        let mut text = Vec::with_capacity(line.len());
        plain::render(line, &spans, &mut text);
        self.sink.accept_with_source(&text, source);
    }

    #[inline]
    fn hand_over(&self, line: &[u8], own_fields: usize, source: &LineSource) {
        if let Some(copies) = &self.copies {
            user_sink::accept(copies, line, source);
        }
        match self.format {
            LogFormat::Json => self.give_to_sink(line, source),
            LogFormat::Pretty => {
                let mut text = TEXT.try_with(Cell::take).unwrap_or_default();
                text.clear();
                if self.is_terminal {
                    let width = terminal::width();
                    terminal::render(line, own_fields, width, self.colors, &mut text);
                } else {
                    pretty::render(line, self.colors, &mut text);
                }
                self.give_to_sink(&text, source);
                give_back(&TEXT, text);
            }
        }
    }

    #[inline]
    fn give_to_sink(&self, line: &[u8], source: &LineSource) {
        if self.is_writer {
            self.sink.accept_with_source(line, source);
        } else {
            user_sink::accept(&self.sink, line, source);
        }
    }
}

impl LineLayer<Writer> {
    /// Makes a layer whose lines go to the writer.
    pub(crate) fn for_writer(format: LogFormat, writer: Writer) -> Self {
        Self {
            is_writer: true,
            ..Self::new(format, writer)
        }
    }
}

#[inline]
fn give_back(to: &'static std::thread::LocalKey<Cell<Vec<u8>>>, buffer: Vec<u8>) {
    if buffer.capacity() <= LARGEST_KEPT_BUFFER {
        // A thread that is ending needs no buffer any more.
        let _ending = to.try_with(|kept| kept.set(buffer));
    }
}

impl<S> fmt::Debug for LineLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineLayer")
            .field("format", &self.format)
            .field("colors", &self.colors)
            .field("is_terminal", &self.is_terminal)
            .field("is_copied", &self.copies.is_some())
            .finish_non_exhaustive()
    }
}
