//! The layout for people at a terminal: rows no wider than it is.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{LazyLock, OnceLock};
use std::time::Instant;

use unicode_width::UnicodeWidthStr as _;

use crate::decode;
use crate::line::pretty::{self, BLUE, BOLD, DIM, Text};
use crate::names;
use crate::value::Value;

/// How wide the column of the level is.
const LEVEL_WIDTH: usize = 7;
/// How far each row but the first is indented.
const INDENT: usize = 4;
/// How many characters of an id are shown where all of it has no room.
const SHORT_ID_LENGTH: usize = 8;
/// An id has at least this many characters, and as few kinds of them as hexadecimal digits and
/// hyphens.
const MIN_ID_LENGTH: usize = 16;
/// The width where neither the terminal nor `COLUMNS` says it.
const DEFAULT_WIDTH: usize = 80;

/// Appends a rendered JSON line as rows of at most `width` columns: the event with the first `own`
/// fields, then the others, dimmed, then the `exception`.
///
/// A row ends between fields. Only a field that is wider than a row goes beyond it. Where the
/// others have no room in one row, ids among them are shortened.
pub(super) fn render(line: &[u8], own: usize, width: usize, colors: bool, out: &mut Vec<u8>) {
    let mut fields = decode::line(line);
    let mut head = || fields.next().map(|(_, value)| value.to_string());
    let (timestamp, level) = (head().unwrap_or_default(), head().unwrap_or_default());
    let (logger, event) = (head().unwrap_or_default(), head().unwrap_or_default());
    let mut exception = None;
    let (mut of_event, mut of_context) = (Vec::new(), Vec::new());
    for (at, (key, value)) in fields.enumerate() {
        match value {
            Value::String(chain) if key == names::EXCEPTION => exception = Some(chain),
            value if at < own => of_event.push((key, value)),
            value => of_context.push((key, value)),
        }
    }

    let mut rows = Rows {
        text: Text { out, colors },
        width,
        column: 0,
    };
    let time = timestamp.get(11..23).unwrap_or_default();
    rows.part(|text| text.colored(DIM, time));
    let color = pretty::color_of(&level);
    rows.part(|text| text.colored(color, &format!("{level:LEVEL_WIDTH$}")));
    for word in event.split(' ') {
        rows.part(|text| {
            text.start(BOLD);
            text.escaped(word);
            text.end();
        });
    }
    rows.part(|text| {
        text.plain("[");
        text.start(BLUE);
        text.escaped(&logger);
        text.end();
        text.plain("]");
    });
    for (key, value) in &of_event {
        rows.part(|text| text.key_and_value(key, value));
    }
    if !of_context.is_empty() {
        rows.end_row();
        shorten_ids(&mut of_context, width);
        rows.text.start(DIM);
        for (key, value) in &of_context {
            rows.part(|text| text.without_colors(|text| text.key_and_value(key, value)));
        }
        rows.text.end();
    }
    rows.text.plain("\n");
    if let Some(exception) = exception {
        pretty::exception(&mut rows.text, &exception);
    }
}

/// How many columns the terminal of the standard output has now. It is looked at once a second at
/// most.
pub(super) fn width() -> usize {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    static LOOKED_AT: AtomicU64 = AtomicU64::new(0);
    static WIDTH: AtomicUsize = AtomicUsize::new(0);
    // From one on, so that the first look is not taken for done.
    let second = START.elapsed().as_secs() + 1;
    if LOOKED_AT.swap(second, Ordering::Relaxed) != second {
        WIDTH.store(current_width(), Ordering::Relaxed);
    }
    match WIDTH.load(Ordering::Relaxed) {
        // Another thread is about to look for the first time.
        0 => current_width(),
        width => width,
    }
}

fn current_width() -> usize {
    static COLUMNS: OnceLock<Option<usize>> = OnceLock::new();
    let columns = || std::env::var("COLUMNS").ok()?.trim().parse().ok();
    let of_terminal = terminal_size::terminal_size_of(std::io::stdout());
    of_terminal
        .map(|(width, _)| usize::from(width.0))
        .or_else(|| *COLUMNS.get_or_init(columns))
        .filter(|width| *width > 0)
        .unwrap_or(DEFAULT_WIDTH)
}

/// Shortens ids, unless all fields have room in one row as they are.
fn shorten_ids<K: AsRef<str>>(fields: &mut [(K, Value)], width: usize) {
    let widths = fields
        .iter()
        .map(|(key, value)| 1 + width_of(|text| text.key_and_value(key.as_ref(), value)));
    if INDENT - 1 + widths.sum::<usize>() <= width {
        return;
    }
    for (_, value) in fields {
        if let Value::String(id) = value
            && is_id(id)
        {
            id.truncate(SHORT_ID_LENGTH);
            id.push('…');
        }
    }
}

/// Says whether a text is an id of random digits, as UUIDs and the ids of traces and spans are.
fn is_id(text: &str) -> bool {
    text.len() >= MIN_ID_LENGTH
        && text
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// How many columns a part takes.
fn width_of(part: impl FnOnce(&mut Text<'_>)) -> usize {
    let mut out = Vec::new();
    part(&mut Text {
        out: &mut out,
        colors: false,
    });
    String::from_utf8_lossy(&out).width()
}

/// Text in rows.
struct Rows<'a> {
    text: Text<'a>,
    width: usize,
    /// How much of the current row is taken.
    column: usize,
}

impl Rows<'_> {
    /// Appends a part, in a new row if this one has no room for it.
    fn part(&mut self, part: impl Fn(&mut Text<'_>)) {
        let width = width_of(&part);
        if self.column > INDENT && self.column + 1 + width > self.width {
            self.end_row();
        } else if self.column > 0 && self.column != INDENT {
            self.text.plain(" ");
            self.column += 1;
        }
        part(&mut self.text);
        self.column += width;
    }

    fn end_row(&mut self) {
        self.text.plain("\n");
        self.text.plain(&" ".repeat(INDENT));
        self.column = INDENT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &str = concat!(
        r#"{"timestamp":"2024-01-15T10:23:45.123456Z","level":"info","logger":"telemetry_http","#,
        r#""event":"request_completed","http.method":"GET","http.route":"/api/tournaments/5/","#,
        r#""http.status_code":200,"duration_ms":12.34,"#,
        r#""request.id":"deb323c9-7d3a-4476-9777-5f48e5d56432","user.id":42,"#,
        r#""labels":["tournament"],"tournament.id":5}"#,
        "\n"
    );

    fn rendered(line: &str, own: usize, width: usize, colors: bool) -> String {
        let mut out = Vec::new();
        render(line.as_bytes(), own, width, colors, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_request_has_its_own_fields_first_and_its_context_below() {
        assert_eq!(
            rendered(REQUEST, 4, 80, false),
            "10:23:45.123 info    request_completed [telemetry_http] http.method=GET\n    \
             http.route=/api/tournaments/5/ http.status_code=200 duration_ms=12.34\n    \
             request.id=deb323c9… user.id=42 labels=['tournament'] tournament.id=5\n"
        );
    }

    #[test]
    fn ids_are_whole_where_the_row_has_room() {
        assert_eq!(
            rendered(REQUEST, 4, 160, false),
            "10:23:45.123 info    request_completed [telemetry_http] http.method=GET \
             http.route=/api/tournaments/5/ http.status_code=200 duration_ms=12.34\n    \
             request.id=deb323c9-7d3a-4476-9777-5f48e5d56432 user.id=42 \
             labels=['tournament'] tournament.id=5\n"
        );
    }

    #[test]
    fn what_is_no_id_is_not_shortened() {
        let long = "x".repeat(100);
        let line = format!(
            r#"{{"timestamp":"2024-01-15T10:23:45.123456Z","level":"info","logger":"l","event":"e","a":"{long}","b":1,"task.id":"job-17","#
        ) + r#""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7","n":12345678901234567890}"#;
        assert_eq!(
            rendered(&line, 0, 80, false),
            format!(
                "10:23:45.123 info    e [l]\n    a={long}\n    b=1 task.id=job-17 \
                 trace_id=4bf92f35… span_id=00f067aa…\n    n=12345678901234567890\n"
            )
        );
    }

    #[test]
    fn no_row_is_wider_than_the_terminal_and_no_value_is_broken() {
        for width in 40..200 {
            for own in 0..=8 {
                let text = rendered(REQUEST, own, width, false);
                for row in text.lines() {
                    assert!(row.width() <= width.max(56), "{width}: {row}");
                    assert_eq!(row, row.trim_end(), "{width}");
                }
                for field in ["http.route=/api/tournaments/5/", "labels=['tournament']"] {
                    assert!(text.contains(field), "{text}");
                }
            }
        }
    }

    #[test]
    fn a_long_message_ends_its_rows_between_words() {
        let words = "word ".repeat(30);
        let line = format!(
            r#"{{"timestamp":"2024-01-15T10:23:45.123456Z","level":"error","logger":"l","event":"{}","a":"中中中中"}}"#,
            words.trim_end()
        );
        let text = rendered(&line, 1, 60, false);
        assert!(text.lines().all(|row| row.width() <= 60), "{text}");
        assert_eq!(text.matches("word").count(), 30);
        assert_eq!(text.lines().count(), 4, "{text}");
    }

    #[test]
    fn the_context_is_dim_and_an_exception_indented() {
        let line = r#"{"timestamp":"2024-01-15T10:23:45.123456Z","level":"error","logger":"l","event":"e","error":"x","exception":"x\ncaused by: y","user.id":42}"#;
        assert_eq!(
            rendered(line, 2, 80, true),
            "\u{1b}[2m10:23:45.123\u{1b}[0m \u{1b}[31merror  \u{1b}[0m \u{1b}[1me\u{1b}[0m \
             [\u{1b}[34ml\u{1b}[0m] \u{1b}[36merror\u{1b}[0m=\u{1b}[35mx\u{1b}[0m\n    \
             \u{1b}[2muser.id=42\u{1b}[0m\n    \u{1b}[31mx\u{1b}[0m\n    \
             \u{1b}[31mcaused by: y\u{1b}[0m\n"
        );
        assert!(!rendered(line, 2, 80, false).contains('\u{1b}'));
    }
}
