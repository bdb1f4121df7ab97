//! The words that begin statements, and those that stand before names.

use super::Expected;

/// What a word at the beginning of a statement does.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verb {
    /// Asks for rows; it may stand anywhere.
    Query,
    /// Shows something, by itself.
    Show,
    /// Stands before another verb.
    Introduce { is_operation: bool },
    /// Changes rows.
    Change(Expected),
    /// Creates, changes or drops something, the kind of which follows.
    Define,
    /// Does anything else.
    Other(Expected),
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// A table.
    Table,
    /// A table, or a function, or a query in parentheses.
    Source,
    /// Something else.
    Other,
}

const TABLE: Expected = Expected::Name(Object::Table);
const OTHER: Expected = Expected::Name(Object::Other);
const NOTHING: Expected = Expected::Nothing;

impl Verb {
    /// The verb of a word that does not begin a statement.
    pub(super) fn anywhere(word: &str) -> Option<Self> {
        is(word, "SELECT").then_some(Self::Query)
    }

    pub(super) fn of(word: &str) -> Option<Self> {
        let verbs: &[(&str, Self)] = &[
            ("SELECT", Self::Query),
            ("VALUES", Self::Show),
            ("SHOW", Self::Show),
            ("FETCH", Self::Show),
            (
                "WITH",
                Self::Introduce {
                    is_operation: false,
                },
            ),
            ("EXPLAIN", Self::Introduce { is_operation: true }),
            ("INSERT", Self::Change(NOTHING)),
            ("REPLACE", Self::Change(NOTHING)),
            ("MERGE", Self::Change(NOTHING)),
            ("DELETE", Self::Change(NOTHING)),
            ("UPDATE", Self::Change(TABLE)),
            ("COPY", Self::Other(TABLE)),
            ("TRUNCATE", Self::Other(TABLE)),
            ("CREATE", Self::Define),
            ("ALTER", Self::Define),
            ("DROP", Self::Define),
            ("CALL", Self::Other(OTHER)),
            ("EXECUTE", Self::Other(OTHER)),
            ("PRAGMA", Self::Other(OTHER)),
        ];
        let found = verbs.iter().find(|(verb, _)| is(word, verb));
        if let Some((_, verb)) = found {
            return Some(*verb);
        }
        is_any(
            word,
            &[
                "BEGIN",
                "START",
                "COMMIT",
                "END",
                "ROLLBACK",
                "ABORT",
                "SAVEPOINT",
                "RELEASE",
                "SET",
                "RESET",
                "ANALYZE",
                "VACUUM",
                "REINDEX",
                "CLUSTER",
                "CHECKPOINT",
                "REFRESH",
                "LOCK",
                "GRANT",
                "REVOKE",
                "COMMENT",
                "LISTEN",
                "UNLISTEN",
                "NOTIFY",
                "ATTACH",
                "DETACH",
                "DECLARE",
                "CLOSE",
                "MOVE",
                "PREPARE",
                "DEALLOCATE",
                "DISCARD",
                "DO",
                "USE",
                "DESCRIBE",
                "KILL",
                "OPTIMIZE",
                "FLUSH",
            ],
        )
        .then_some(Self::Other(NOTHING))
    }
}

/// What follows a word within a statement, where that is a table.
pub(super) fn clause(word: &str, has_using: bool) -> Option<Object> {
    if is_any(word, &["FROM", "JOIN"]) {
        Some(Object::Source)
    } else if is(word, "INTO") || has_using && is(word, "USING") {
        Some(Object::Table)
    } else {
        None
    }
}

/// Whether the tables of a `FROM` end with this word.
pub(super) fn ends_from(word: &str) -> bool {
    is_any(
        word,
        &[
            "WHERE",
            "GROUP",
            "ORDER",
            "HAVING",
            "LIMIT",
            "OFFSET",
            "WINDOW",
            "SET",
            "RETURNING",
            "UNION",
            "EXCEPT",
            "INTERSECT",
            "FOR",
        ],
    )
}

/// Whether a word may stand between an operation and the name.
pub(super) fn is_before_name(word: &str) -> bool {
    is_any(
        word,
        &[
            "ONLY",
            "LATERAL",
            "IF",
            "NOT",
            "EXISTS",
            "OR",
            "IGNORE",
            "ABORT",
            "FAIL",
            "ROLLBACK",
            "REPLACE",
            "TABLE",
            "CONCURRENTLY",
        ],
    )
}

/// Whether a word may stand between `CREATE`, or its like, and the kind.
pub(super) fn is_before_kind(word: &str) -> bool {
    is_any(
        word,
        &[
            "OR",
            "REPLACE",
            "TEMP",
            "TEMPORARY",
            "UNLOGGED",
            "GLOBAL",
            "LOCAL",
            "UNIQUE",
            "VIRTUAL",
            "MATERIALIZED",
            "RECURSIVE",
            "FOREIGN",
            "CONSTRAINT",
        ],
    )
}

/// What a thing of this kind is; `None` for a word that is no kind.
pub(super) fn kind(word: &str) -> Option<Object> {
    if is_any(word, &["TABLE", "VIEW"]) {
        return Some(Object::Table);
    }
    let is_other = is_any(
        word,
        &[
            "INDEX",
            "TRIGGER",
            "SCHEMA",
            "DATABASE",
            "TYPE",
            "DOMAIN",
            "FUNCTION",
            "PROCEDURE",
            "SEQUENCE",
            "EXTENSION",
            "ROLE",
            "USER",
            "POLICY",
            "RULE",
            "PUBLICATION",
            "SUBSCRIPTION",
            "SERVER",
        ],
    );
    is_other.then_some(Object::Other)
}

fn is(word: &str, other: &str) -> bool {
    word.eq_ignore_ascii_case(other)
}

fn is_any(word: &str, others: &[&str]) -> bool {
    others.iter().any(|other| is(word, other))
}
