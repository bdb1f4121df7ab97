//! The format for people, one line an event.

use crate::decode;
use crate::encode;
use crate::names;
use crate::value::Value;

const RESET: &str = "\u{1b}[0m";
pub(super) const DIM: &str = "\u{1b}[2m";
pub(super) const BOLD: &str = "\u{1b}[1m";
pub(super) const BLUE: &str = "\u{1b}[34m";
const CYAN: &str = "\u{1b}[36m";
const GREEN: &str = "\u{1b}[32m";
const MAGENTA: &str = "\u{1b}[35m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";

/// How wide the columns of the level and of the event are.
const LEVEL_WIDTH: usize = 9;
const EVENT_WIDTH: usize = 30;

/// Appends a rendered JSON line as text:
/// `2024-01-15 10:23:45 [info     ] request_completed              [telemetry_http] http.method=GET …`
///
/// Control characters stay escaped. Only an `exception` takes lines of its own, indented
/// below the first.
pub(super) fn render(line: &[u8], colors: bool, out: &mut Vec<u8>) {
    let mut text = Text { out, colors };
    let mut fields = decode::line(line);
    let mut head = || fields.next().map(|(_, value)| value.to_string());
    let (timestamp, level) = (head().unwrap_or_default(), head().unwrap_or_default());
    let (logger, event) = (head().unwrap_or_default(), head().unwrap_or_default());

    let date = timestamp.get(..10).unwrap_or_default();
    let time = timestamp.get(11..19).unwrap_or_default();
    text.colored(DIM, &format!("{date} {time}"));
    text.plain(" [");
    text.colored(color_of(&level), &format!("{level:LEVEL_WIDTH$}"));
    text.plain("] ");
    text.start(BOLD);
    let width = text.escaped(&event);
    text.end();
    text.plain(&" ".repeat(EVENT_WIDTH.saturating_sub(width)));
    text.plain(" [");
    text.start(BLUE);
    text.escaped(&logger);
    text.end();
    text.plain("]");

    let mut exception = None;
    for (key, value) in fields {
        match value {
            Value::String(chain) if key == names::EXCEPTION => exception = Some(chain),
            value => text.field(&key, &value),
        }
    }
    text.plain("\n");
    if let Some(chain) = exception {
        self::exception(&mut text, &chain);
    }
}

/// Appends an exception, indented.
pub(super) fn exception(text: &mut Text<'_>, exception: &str) {
    for line in exception.split('\n') {
        text.plain("    ");
        text.start(RED);
        text.escaped(line);
        text.end();
        text.plain("\n");
    }
}

pub(super) fn color_of(level: &str) -> &'static str {
    match level {
        "error" => RED,
        "warning" => YELLOW,
        "info" => GREEN,
        "debug" => CYAN,
        _ => DIM,
    }
}

/// Text that may have colours.
pub(super) struct Text<'a> {
    pub(super) out: &'a mut Vec<u8>,
    pub(super) colors: bool,
}

impl Text<'_> {
    pub(super) fn plain(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    pub(super) fn start(&mut self, color: &str) {
        if self.colors {
            self.plain(color);
        }
    }

    pub(super) fn end(&mut self) {
        self.start(RESET);
    }

    pub(super) fn colored(&mut self, color: &str, text: &str) {
        self.start(color);
        self.plain(text);
        self.end();
    }

    /// Text without control characters: they show as `\n` or `\u001b`. Returns how many
    /// characters it takes.
    pub(super) fn escaped(&mut self, text: &str) -> usize {
        let start = self.out.len();
        for part in text.split_inclusive(['"', '\\']) {
            // Quotes and backslashes need no escape outside of quotes.
            let last = part.len() - usize::from(part.ends_with(['"', '\\']));
            encode::escaped(self.out, &part[..last]);
            self.plain(&part[last..]);
        }
        String::from_utf8_lossy(&self.out[start..]).chars().count()
    }

    /// Appends what `write` appends, without colours.
    pub(super) fn without_colors(&mut self, write: impl FnOnce(&mut Text<'_>)) {
        write(&mut Text {
            out: self.out,
            colors: false,
        });
    }

    fn field(&mut self, key: &str, value: &Value) {
        self.plain(" ");
        self.key_and_value(key, value);
    }

    pub(super) fn key_and_value(&mut self, key: &str, value: &Value) {
        self.start(CYAN);
        self.escaped(key);
        self.end();
        self.plain("=");
        self.start(MAGENTA);
        match value {
            Value::String(value) => self.string(value),
            Value::List(values) => self.list(values),
            Value::F64(value) => encode::float(self.out, *value),
            Value::Bool(_) | Value::I64(_) | Value::U64(_) => self.plain(&value.to_string()),
        }
        self.end();
    }

    /// A string as it is, or quoted where it would not be told from what stands around it.
    fn string(&mut self, value: &str) {
        let needs_quotes = value.is_empty()
            || value.contains(|character: char| {
                character.is_whitespace() || "\"'=\\".contains(character)
            });
        if needs_quotes {
            encode::string(self.out, value);
        } else {
            self.escaped(value);
        }
    }

    fn list(&mut self, values: &[String]) {
        self.plain("[");
        for (at, value) in values.iter().enumerate() {
            if at > 0 {
                self.plain(", ");
            }
            self.plain("'");
            self.escaped(value);
            self.plain("'");
        }
        self.plain("]");
    }
}
