//! Sequences of frames.

use crate::support::masked;

/// The first byte of frames: FIN with an opcode, or the opcode alone.
const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;
const LAST: u8 = 0x80;
const FIRST_OF_TEXT: u8 = 0x01;
const FIRST_OF_BINARY: u8 = 0x02;
const MORE: u8 = 0x00;

/// What a client sends, and how the server ends it.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    /// The code that ours closes with, where the bare socket says nothing.
    pub(super) violation: Option<u16>,
    /// Whether both end with a close frame.
    pub(super) is_answered: bool,
    /// Whether the client ends its half of the stream.
    pub(super) then_leave: bool,
}

/// What is right, and is closed in the usual way.
fn right(name: &'static str, frames: &[Vec<u8>]) -> Case {
    let mut bytes = frames.concat();
    bytes.extend(masked(CLOSE, &1000_u16.to_be_bytes()));
    Case {
        name,
        bytes,
        violation: None,
        is_answered: true,
        then_leave: false,
    }
}

/// What is wrong: the last of these frames.
fn wrong(name: &'static str, code: u16, frames: &[Vec<u8>]) -> Case {
    Case {
        name,
        bytes: frames.concat(),
        violation: Some(code),
        is_answered: false,
        then_leave: false,
    }
}

/// A close frame with this payload, which both answer.
fn closing(name: &'static str, payload: &[u8]) -> Case {
    Case {
        name,
        bytes: masked(CLOSE, payload),
        violation: None,
        is_answered: true,
        then_leave: false,
    }
}

/// What ends before it is whole.
fn cut(name: &'static str, bytes: &[u8]) -> Case {
    Case {
        name,
        bytes: bytes.to_vec(),
        violation: None,
        is_answered: false,
        then_leave: true,
    }
}

fn close_with(code: u16, reason: &[u8]) -> Vec<u8> {
    [&code.to_be_bytes()[..], reason].concat()
}

/// A frame without the mask that clients owe.
fn unmasked(head: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[head, length], payload].concat()
}

/// A frame that says it is longer than it is.
fn with_length(head: u8, length: &[u8]) -> Vec<u8> {
    [&[head], length, &[0, 0, 0, 0]].concat()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = messages();
    cases.extend(control());
    cases.extend(closes());
    cases.extend(violations());
    cases.extend(of_text());
    cases
}

fn messages() -> Vec<Case> {
    vec![
        right("nothing", &[]),
        right("an empty text", &[masked(TEXT, b"")]),
        right("an empty binary", &[masked(BINARY, b"")]),
        right("a text", &[masked(TEXT, b"hello")]),
        right("a length in two bytes", &[masked(TEXT, &[b'x'; 126])]),
        right("the longest in one byte", &[masked(BINARY, &[7; 125])]),
        right("the longest in two bytes", &[masked(BINARY, &[7; 65_535])]),
        right("a length in eight bytes", &[masked(BINARY, &[7; 65_536])]),
        right(
            "many messages at once",
            &std::array::from_fn::<_, 50, _>(|_| masked(TEXT, b"x")),
        ),
        right(
            "a message in two frames",
            &[masked(FIRST_OF_TEXT, b"hel"), masked(LAST, b"lo")],
        ),
        right(
            "a message in frames that are empty",
            &[
                masked(FIRST_OF_BINARY, b""),
                masked(MORE, b""),
                masked(LAST, b""),
            ],
        ),
        right(
            "a message in many frames, with control frames in between",
            &[
                masked(FIRST_OF_TEXT, b"a"),
                masked(PING, b"1"),
                masked(MORE, b"b"),
                masked(PONG, b"2"),
                masked(PING, b"3"),
                masked(LAST, b"c"),
            ],
        ),
        right(
            "two messages in frames",
            &[
                masked(FIRST_OF_BINARY, b"a"),
                masked(LAST, b"b"),
                masked(FIRST_OF_TEXT, b"c"),
                masked(LAST, b"d"),
            ],
        ),
        right(
            "the largest message",
            &[
                masked(FIRST_OF_BINARY, &[1; 50_000]),
                masked(LAST, &[2; 50_000]),
            ],
        ),
        wrong(
            "a frame that is too big",
            1009,
            &[masked(BINARY, &[1; 80_001])],
        ),
        wrong(
            "a message that is too big",
            1009,
            &[
                masked(FIRST_OF_BINARY, &[1; 50_000]),
                masked(LAST, &[2; 50_001]),
            ],
        ),
        wrong(
            "a message that was echoed before one that is too big",
            1009,
            &[masked(TEXT, b"fine"), masked(BINARY, &[1; 80_001])],
        ),
        cut("nothing but the end", b""),
        cut("half a head", &[TEXT]),
        cut("half a mask", &masked(TEXT, b"hello")[..4]),
        cut("half a payload", &masked(TEXT, b"hello")[..8]),
        cut("half a message", &masked(FIRST_OF_TEXT, b"hello")),
        cut("a whole message", &masked(TEXT, b"hello")),
    ]
}

fn control() -> Vec<Case> {
    vec![
        right("a ping", &[masked(PING, b"")]),
        right("a ping with a payload", &[masked(PING, b"\x00\xff\xfe")]),
        right("the largest ping", &[masked(PING, &[9; 125])]),
        right("a pong that nobody asked for", &[masked(PONG, b"x")]),
        right("the largest pong", &[masked(PONG, &[9; 125])]),
        right(
            "a pong like ours that nobody asked for",
            &[masked(PONG, b"telmtry:\0\0\0\0\0\0\0\x01")],
        ),
        right(
            "pings between texts",
            &[
                masked(TEXT, b"a"),
                masked(PING, b"1"),
                masked(TEXT, b"b"),
                masked(PING, b"2"),
            ],
        ),
        wrong("a ping that is too big", 1002, &[masked(PING, &[9; 126])]),
        wrong("a pong that is too big", 1002, &[masked(PONG, &[9; 126])]),
        wrong(
            "a close that is too big",
            1002,
            &[masked(CLOSE, &close_with(1000, &[b'x'; 124]))],
        ),
        wrong(
            "a ping in pieces",
            1002,
            &[masked(0x09, b"a"), masked(LAST, b"b")],
        ),
        wrong("a pong in pieces", 1002, &[masked(0x0a, b"a")]),
        wrong(
            "a close in pieces",
            1002,
            &[masked(0x08, &close_with(1000, b""))],
        ),
    ]
}

fn closes() -> Vec<Case> {
    let mut cases = vec![
        closing("a close without a code", b""),
        closing("a close with a reason", &close_with(1000, b"bye")),
        closing(
            "a close with a reason of two bytes a character",
            &close_with(1001, "ü".as_bytes()),
        ),
        closing("the largest close", &close_with(1000, &[b'x'; 123])),
        wrong("a close of one byte", 1002, &[masked(CLOSE, &[3])]),
        wrong(
            "a close whose reason is no UTF-8",
            1007,
            &[masked(CLOSE, &close_with(1000, b"\xff"))],
        ),
        wrong(
            "a close whose reason is cut in a character",
            1007,
            &[masked(CLOSE, &close_with(1000, &"ü".as_bytes()[..1]))],
        ),
    ];
    let named = |name, code| closing(name, &close_with(code, b""));
    cases.extend([
        named("1001", 1001),
        named("1002", 1002),
        named("1003", 1003),
        named("1007", 1007),
        named("1008", 1008),
        named("1009", 1009),
        named("1010", 1010),
        named("1011", 1011),
        named("3000", 3000),
        named("3999", 3999),
        named("4000", 4000),
        named("4999", 4999),
        named("0, which is no code", 0),
        named("999, which is no code", 999),
        named("1004, which is reserved", 1004),
        named("1005, which is never sent", 1005),
        named("1006, which is never sent", 1006),
        named("1012", 1012),
        named("1015, which is never sent", 1015),
        named("1016, which is not given", 1016),
        named("2999, which is not given", 2999),
        named("5000, which is no code", 5000),
        named("65535, which is no code", 65_535),
    ]);
    let mut after = right("a text after the close", &[]);
    after.bytes.extend(masked(TEXT, b"late"));
    let mut twice = right("a second close", &[]);
    twice.bytes.extend(masked(CLOSE, &close_with(1001, b"")));
    let mut ping = right("a ping after the close", &[]);
    ping.bytes.extend(masked(PING, b"late"));
    cases.extend([after, twice, ping]);
    cases
}

fn violations() -> Vec<Case> {
    vec![
        wrong("the first reserved bit", 1002, &[masked(0xc1, b"x")]),
        wrong("the second reserved bit", 1002, &[masked(0xa1, b"x")]),
        wrong("the third reserved bit", 1002, &[masked(0x91, b"x")]),
        wrong("all reserved bits of a ping", 1002, &[masked(0xf9, b"x")]),
        wrong(
            "a reserved bit of a close",
            1002,
            &[masked(0xc8, &close_with(1000, b""))],
        ),
        wrong(
            "a reserved bit after a text",
            1002,
            &[masked(TEXT, b"fine"), masked(0xc1, b"x")],
        ),
        wrong("the opcode 3", 1002, &[masked(0x83, b"x")]),
        wrong("the opcode 7", 1002, &[masked(0x87, b"")]),
        wrong("the opcode 11", 1002, &[masked(0x8b, b"x")]),
        wrong("the opcode 15", 1002, &[masked(0x8f, b"")]),
        wrong(
            "an opcode within a message",
            1002,
            &[masked(FIRST_OF_TEXT, b"a"), masked(0x83, b"x")],
        ),
        wrong("a continuation of nothing", 1002, &[masked(LAST, b"x")]),
        wrong(
            "an unfinished continuation of nothing",
            1002,
            &[masked(MORE, b"x")],
        ),
        wrong(
            "a continuation after a whole message",
            1002,
            &[masked(TEXT, b"a"), masked(LAST, b"b")],
        ),
        wrong(
            "a text within a text",
            1002,
            &[masked(FIRST_OF_TEXT, b"a"), masked(TEXT, b"b")],
        ),
        wrong(
            "a binary within a text",
            1002,
            &[masked(FIRST_OF_TEXT, b"a"), masked(FIRST_OF_BINARY, b"b")],
        ),
        wrong("a text without a mask", 1002, &[unmasked(TEXT, b"x")]),
        wrong("a ping without a mask", 1002, &[unmasked(PING, b"")]),
        wrong(
            "a close without a mask",
            1002,
            &[unmasked(CLOSE, &close_with(1000, b""))],
        ),
        wrong(
            "a length beyond all bounds",
            1009,
            &[with_length(
                BINARY,
                &[0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            )],
        ),
        wrong(
            "a length with its highest bit",
            1009,
            &[with_length(BINARY, &[0xff, 0x80, 0, 0, 0, 0, 0, 0, 1])],
        ),
    ]
}

fn of_text() -> Vec<Case> {
    let all = "κόσμε, 👍 and ü".as_bytes();
    let bytes = all.iter().enumerate().map(|(at, byte)| {
        let head = match at {
            0 => FIRST_OF_TEXT,
            at if at + 1 == all.len() => LAST,
            _ => MORE,
        };
        masked(head, &[*byte])
    });
    let bytes: Vec<_> = bytes.collect();
    vec![
        right("a text of many scripts", &[masked(TEXT, all)]),
        right("a text whose characters are split", &bytes),
        right(
            "the highest code point",
            &[masked(TEXT, b"\xf4\x8f\xbf\xbf")],
        ),
        right(
            "bytes that are no text in a binary",
            &[masked(BINARY, b"\xff\xfe")],
        ),
        wrong(
            "a byte that is never UTF-8",
            1007,
            &[masked(TEXT, b"a\xffb")],
        ),
        wrong(
            "half a character",
            1007,
            &[masked(TEXT, &"👍".as_bytes()[..2])],
        ),
        wrong(
            "half a character in two frames",
            1007,
            &[masked(FIRST_OF_TEXT, b"\xf0\x9f"), masked(LAST, b"")],
        ),
        wrong("a surrogate", 1007, &[masked(TEXT, b"\xed\xa0\x80")]),
        wrong("a long form", 1007, &[masked(TEXT, b"\xc0\xaf")]),
        wrong(
            "above the highest code point",
            1007,
            &[masked(TEXT, b"\xf4\x90\x80\x80")],
        ),
        wrong(
            "no UTF-8 in a later frame",
            1007,
            &[masked(FIRST_OF_TEXT, b"fine"), masked(LAST, b"\xff")],
        ),
        wrong(
            "no UTF-8 after a text",
            1007,
            &[masked(TEXT, b"fine"), masked(TEXT, b"\x80")],
        ),
    ]
}
