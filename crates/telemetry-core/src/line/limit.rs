//! Lines that are no longer than the limit, whatever is on them.

use std::ops::Range;

use crate::decode::{self, Piece, Pieces};
use crate::line::conflicts;
use crate::names;

/// How long a line may be unless a setting says otherwise, in bytes and with its line end:
/// container runtimes cut at 16 KiB.
pub(crate) const DEFAULT_LINE_LIMIT: usize = 16_000;
/// The lowest limit: what a line has at least fits.
pub(crate) const MIN_LINE_LIMIT: usize = 1_000;

/// A value is not cut below so many bytes as long as there are fields to be dropped.
const MIN_CUT_LENGTH: usize = 64;

/// What marks a line that was cut, and ends it.
const MARK: &[u8] = b":true}\n";

/// Makes a whole line fit `limit`.
///
/// The longest values are cut first, all to one length; where that is not enough, the last fields
/// are dropped. What a line is and what it belongs to stays whole, unless it is too long by
/// itself, as an event of 20 KB is: then it is cut as other values are.
#[cold]
#[inline(never)]
pub(super) fn fit(line: &mut Vec<u8>, limit: usize) {
    let mark = [b",\"", names::LINE_TRUNCATED.as_bytes(), b"\"", MARK].concat();
    let mut parts: Vec<_> = Pieces(line)
        .filter(|piece| !conflicts::clash(piece.key, names::LINE_TRUNCATED.as_bytes()))
        .map(Part::new)
        .collect();
    let mut fitting = Fitting {
        excess: parts.iter().map(Part::length).sum::<usize>() as isize + mark.len() as isize
            - limit as isize,
        parts: &mut parts,
    };
    fitting.cut(fitting.first_to_be_cut(), MIN_CUT_LENGTH);
    fitting.drop_last(Rank::Plain);
    fitting.cut(Rank::Head, MIN_CUT_LENGTH);
    fitting.drop_last(Rank::Id);
    fitting.cut(Rank::Head, 0);
    let mut fitted = Vec::with_capacity(limit);
    for part in &parts {
        part.write(&mut fitted);
    }
    fitted.extend_from_slice(&mark);
    // In place of a buffer that has grown for what is left out.
    *line = fitted;
}

/// Appends rendered fields to a line that is not to be longer than `limit`: of strings that cannot
/// be on it whole, no more than could be. The line is then too long still, and is cut by [`fit`].
#[cold]
#[inline(never)]
pub(super) fn add_bounded(line: &mut Vec<u8>, fields: &[u8], limit: usize) {
    for piece in Pieces(fields) {
        let mut part = Part::new(piece);
        if piece.value.starts_with(b"\"") {
            part.kept = part.kept.min(limit);
        }
        part.write(line);
    }
}

/// How much a field is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Plain,
    /// Says what a line belongs to.
    Id,
    /// The logger and the event.
    Head,
    /// The timestamp and the level, which are short.
    Fixed,
}

impl Rank {
    fn of(key: &[u8]) -> Self {
        let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == key);
        if is(&[names::TIMESTAMP, names::LEVEL]) {
            Self::Fixed
        } else if is(&[names::LOGGER, names::EVENT]) {
            Self::Head
        } else if is(&[names::TRACE_ID, names::SPAN_ID, names::WS_CONN_ID]) || key.ends_with(b".id")
        {
            Self::Id
        } else {
            Self::Plain
        }
    }
}

/// A field of the line.
struct Part<'a> {
    piece: Piece<'a>,
    rank: Rank,
    /// How many bytes of the value are kept, quotes or brackets included.
    kept: usize,
    is_dropped: bool,
}

impl<'a> Part<'a> {
    fn new(piece: Piece<'a>) -> Self {
        Self {
            piece,
            rank: Rank::of(piece.key),
            kept: piece.value.len(),
            is_dropped: false,
        }
    }

    fn length(&self) -> usize {
        if self.is_dropped {
            0
        } else {
            self.piece.bytes.len() - self.piece.value.len() + self.kept
        }
    }

    /// Says whether there is a part of the value that could stand for it.
    fn can_be_cut(&self) -> bool {
        matches!(self.piece.value.first(), Some(b'"' | b'['))
    }

    fn write(&self, out: &mut Vec<u8>) {
        if self.is_dropped {
            return;
        }
        let Piece { bytes, value, .. } = self.piece;
        if self.kept == value.len() {
            out.extend_from_slice(bytes);
        } else {
            out.extend_from_slice(&bytes[..bytes.len() - value.len()]);
            write_cut(out, value, self.kept);
        }
    }
}

/// The shortest that is left of a value.
const SHORTEST: usize = "[\"…\"]".len();

/// Appends the beginning of a string or list, in `length` bytes at most.
fn write_cut(out: &mut Vec<u8>, value: &[u8], length: usize) {
    let (before, after): (Range<usize>, &[u8]) = if value.starts_with(b"[") {
        // The last whole text that leaves room for the mark of the cut.
        let end = decode::ends_of_texts(value)
            .take_while(|end| end + ",\"…\"]".len() <= length)
            .last();
        match end {
            Some(end) => (0..end, ",\"…\"]".as_bytes()),
            None => (0..1, "\"…\"]".as_bytes()),
        }
    } else {
        let room = length.saturating_sub("…\"".len());
        (0..decode::end_within(value, room), "…\"".as_bytes())
    };
    out.extend_from_slice(&value[before]);
    out.extend_from_slice(after);
}

struct Fitting<'a, 'b> {
    parts: &'a mut [Part<'b>],
    /// How many bytes the line is too long.
    excess: isize,
}

impl Fitting<'_, '_> {
    /// The highest rank whose values are cut before any field is dropped.
    fn first_to_be_cut(&self) -> Rank {
        let plain = self.parts.iter().filter(|part| part.rank == Rank::Plain);
        let plain = plain.map(Part::length).sum::<usize>() as isize;
        if plain < self.excess {
            Rank::Head
        } else {
            Rank::Plain
        }
    }

    /// Cuts values of this rank and of lower ones until the line fits, the longest first, and none
    /// below `least` bytes.
    fn cut(&mut self, rank: Rank, least: usize) {
        if self.excess <= 0 {
            return;
        }
        let is_cut = |part: &Part<'_>| part.rank <= rank && !part.is_dropped && part.can_be_cut();
        let mut lengths: Vec<_> = self.parts.iter().filter(|part| is_cut(part)).collect();
        lengths.sort_unstable_by_key(|part| std::cmp::Reverse(part.kept));
        let lengths: Vec<_> = lengths.iter().map(|part| part.kept).collect();
        let length = common_length(&lengths, self.excess as usize).max(least.max(SHORTEST));
        for part in self.parts.iter_mut().filter(|part| is_cut(part)) {
            if part.kept > length {
                self.excess -= (part.kept - length) as isize;
                part.kept = length;
            }
        }
    }

    /// Drops fields of this rank until the line fits, the last first.
    fn drop_last(&mut self, rank: Rank) {
        for part in self.parts.iter_mut().rev() {
            if self.excess <= 0 {
                return;
            }
            if part.rank == rank {
                self.excess -= part.length() as isize;
                part.is_dropped = true;
            }
        }
    }
}

/// The length to which all longer values, the longest first, must be cut to spare `excess` bytes.
fn common_length(lengths: &[usize], excess: usize) -> usize {
    let mut sum = 0;
    for (at, length) in lengths.iter().enumerate() {
        sum += length;
        let next = lengths.get(at + 1).copied().unwrap_or(0);
        let count = at + 1;
        // All up to here, cut to the length of the next one.
        if sum - next * count >= excess {
            return (sum - excess) / count;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a line with these fields after the head becomes.
    fn fitted(event: &str, fields: &str, limit: usize) -> String {
        let mut line = format!(
            "{{\"timestamp\":\"2024-01-15T10:23:45.123456Z\",\"level\":\"info\",\"logger\":\"x\",\"event\":\"{event}\"{fields}}}\n"
        )
        .into_bytes();
        fit(&mut line, limit);
        assert!(line.len() <= limit, "{} of {limit}", line.len());
        let line = String::from_utf8(line).unwrap();
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["line_truncated"], true, "{line}");
        assert_eq!(line.find('\n'), Some(line.len() - 1));
        line
    }

    #[test]
    fn the_longest_values_are_cut_to_one_length() {
        let [a, b, c] = [3000, 2000, 100].map(|length| "é".repeat(length / 2));
        let line = fitted(
            "e",
            &format!(r#","a":"{a}","b":"{b}","c":"{c}","n":5"#),
            2000,
        );
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let length = |key: &str| value[key].as_str().unwrap().len();
        assert_eq!(length("c"), 100);
        assert!(length("a").abs_diff(length("b")) <= 2, "{line}");
        assert!(value["a"].as_str().unwrap().ends_with("é…"));
        assert_eq!(value["n"], 5);
        assert!(line.len() > 1990, "{}", line.len());
    }

    #[test]
    fn no_escape_is_cut_in_two() {
        for length in 900..960 {
            let text = format!(
                "{}{}",
                "x".repeat(length - 900),
                r#"\u001b\n\""#.repeat(100)
            );
            let line = fitted("e", &format!(r#","a":"{text}","b":"{text}""#), 1000);
            assert!(line.contains('…'));
        }
    }

    #[test]
    fn lists_are_cut_between_their_texts() {
        let texts: Vec<_> = (0..500)
            .map(|number| format!("\"t\\\"{number}\""))
            .collect();
        let line = fitted("e", &format!(r#","a":[{}]"#, texts.join(",")), 1000);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        let list = value["a"].as_array().unwrap();
        assert!(list.len() > 50, "{line}");
        assert_eq!(list.last().unwrap(), "…");
        assert_eq!(list[list.len() - 2], format!("t\"{}", list.len() - 2));

        let long = "x".repeat(3000);
        let line = fitted("e", &format!(r#","a":["{long}"]"#), 1000);
        assert!(line.contains(r#""a":["…"]"#), "{line}");
    }

    #[test]
    fn the_last_fields_are_dropped_and_what_a_line_belongs_to_is_kept() {
        let fields: String = (0..500)
            .map(|number| format!(r#","n{number}":{number}"#))
            .collect();
        let ids = r#","request.id":"abc-123","tournament.id":5,"trace_id":"0123""#;
        let line = fitted("drafted", &format!("{fields}{ids}"), 1000);
        assert!(
            line.contains(r#""event":"drafted","n0":0,"n1":1,"#),
            "{line}"
        );
        assert!(
            line.ends_with(&format!("{ids},\"line_truncated\":true}}\n")),
            "{line}"
        );
        assert!(line.len() > 980);
    }

    #[test]
    fn an_event_or_an_id_that_is_too_long_by_itself_is_cut() {
        let long = "x".repeat(40_000);
        let line = fitted(&long, r#","a":1,"user.id":7"#, 1000);
        assert!(line.contains("xxx…\",\"a\":1,\"user.id\":7,"), "{line}");
        let line = fitted("e", &format!(r#","a":1,"user.id":"{long}","b.id":1"#), 1000);
        assert!(
            line.contains(r#""event":"e","a":1,"user.id":"xxx"#),
            "{line}"
        );
        assert!(line.contains("xxx…\",\"b.id\":1,"), "{line}");
        // Keys that cannot be cut: their fields are dropped.
        let line = fitted(&long, &format!(r#","{long}.id":1,"{long}":2"#), 1000);
        assert!(
            line.ends_with("xxx…\",\"line_truncated\":true}\n"),
            "{line}"
        );
    }

    #[test]
    fn a_field_of_the_marks_name_gives_way_to_it() {
        let long = "x".repeat(4000);
        let fields = format!(r#","line_truncated":5,"line_truncated.x":6,"a":"{long}""#);
        let line = fitted("e", &fields, 1000);
        assert_eq!(line.matches("line_truncated").count(), 1, "{line}");
    }
}
