//! The rules that every extractor begins with.

use std::borrow::Cow;

use crate::rules::{IdKind, Rule};
use crate::segment::Segment;

/// How many labels the built-in rules can give.
pub(crate) const COUNT: u32 = 11;

macro_rules! resource {
    ($index:literal, $name:literal, $ids:ident) => {
        Rule {
            name: Cow::Borrowed($name),
            key: Cow::Borrowed(concat!($name, ".id")),
            ids: IdKind::$ids,
            is_marker: false,
            index: $index,
        }
    };
}

macro_rules! marker {
    ($index:literal, $name:literal) => {
        Rule {
            name: Cow::Borrowed($name),
            key: Cow::Borrowed(""),
            ids: IdKind::None,
            is_marker: true,
            index: $index,
        }
    };
}

pub(crate) static RULES: [Rule; COUNT as usize] = [
    resource!(0, "tournament", Integer),
    resource!(1, "draft", Integer),
    resource!(2, "league", Integer),
    resource!(3, "organization", Integer),
    resource!(4, "match", Integer),
    resource!(5, "game", Integer),
    resource!(6, "team", Integer),
    // `user.id` always means the acting user, never one that a path names.
    resource!(7, "user", None),
    marker!(8, "standings"),
    marker!(9, "bracket"),
    marker!(10, "stats"),
];

const TOURNAME: u64 = head(b"tourname");
const ORGANIZA: u64 = head(b"organiza");
const STANDING: u64 = head(b"standing");
const DRAFT: u64 = head(b"draft");
const DRAFTS: u64 = head(b"drafts");
const LEAGUE: u64 = head(b"league");
const LEAGUES: u64 = head(b"leagues");
const MATCH: u64 = head(b"match");
const MATCHES: u64 = head(b"matches");
const GAME: u64 = head(b"game");
const GAMES: u64 = head(b"games");
const TEAM: u64 = head(b"team");
const TEAMS: u64 = head(b"teams");
const USER: u64 = head(b"user");
const USERS: u64 = head(b"users");
const BRACKET: u64 = head(b"bracket");
const STATS: u64 = head(b"stats");

/// The first eight bytes of a name as [`Segment::head`] has them.
const fn head(name: &[u8]) -> u64 {
    let (mut word, mut at) = (0, 0);
    while at < name.len() && at < 8 {
        word |= (name[at] as u64) << (8 * at);
        at += 1;
    }
    word
}

/// Finds the rule for a whole segment.
#[inline]
pub(crate) fn find(path: &str, segment: Segment) -> Option<&'static Rule> {
    // The first eight bytes are at hand in a register and tell all names apart. Only the
    // long names need a look at the rest, and the length tells a name from one with NULs
    // behind it.
    let (index, length) = match segment.head {
        DRAFT => (1, 5),
        DRAFTS => (1, 6),
        LEAGUE => (2, 6),
        LEAGUES => (2, 7),
        MATCH => (4, 5),
        MATCHES => (4, 7),
        GAME => (5, 4),
        GAMES => (5, 5),
        TEAM => (6, 4),
        TEAMS => (6, 5),
        USER => (7, 4),
        USERS => (7, 5),
        BRACKET => (9, 7),
        STATS => (10, 5),
        TOURNAME | ORGANIZA | STANDING => match segment.text(path) {
            "tournament" | "tournaments" => (0, segment.len()),
            "organization" | "organizations" => (3, segment.len()),
            "standings" => (8, 9),
            _ => return None,
        },
        _ => return None,
    };
    (segment.len() == length).then(|| &RULES[index])
}

/// Where the segments of a path that is looked at begin: after `/api` and `/ws`, or at
/// once for the bare WebSocket forms, whose first segment is a resource itself.
#[inline]
pub(crate) fn start(path: &str) -> Option<usize> {
    match path.as_bytes() {
        [b'/', b'a', b'p', b'i', b'/', ..] => Some(4),
        [b'/', b'w', b's', b'/', ..] => Some(3),
        [b'/', b'd', ..] if path.starts_with("/draft/") => Some(0),
        [b'/', b't', ..] if path.starts_with("/tournament/") => Some(0),
        _ => None,
    }
}
