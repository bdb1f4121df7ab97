//! What can be told of a statement by its text.
//!
//! The text is cut into tokens, and not parsed: that takes a tenth of the time, knows the words
//! of all dialects, and does not fail.

mod quoted;
mod summary;
mod text;
mod tokens;

use crate::drivers::Dialect;
use crate::sql::quoted::QuotedTokens;
use crate::sql::summary::Summarizer;
use crate::sql::text::Sanitizer;
use crate::sql::tokens::Tokens;

/// How much of a statement is looked at, in bytes.
const MOST_BYTES: usize = 65_536;

/// A statement, told without its values. All of it is empty or `None` for what is no SQL.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Analysis {
    /// The text with `?` in place of its literals, on one line but for names in quotes: at most
    /// 2,048 bytes.
    pub(crate) text: String,
    /// Operations and what they are done to, in their order: at most 255 bytes.
    pub(crate) summary: String,
    /// The one operation, or that which begins the one statement.
    pub(crate) operation: Option<String>,
    /// The one table.
    pub(crate) collection: Option<String>,
    /// What its result tells.
    pub(crate) effect: Effect,
}

/// What the result of a statement tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Effect {
    /// How many rows were found.
    Reads,
    /// How many rows were affected, and how many came back if any did.
    Writes,
    /// Neither.
    #[default]
    Other,
}

impl Analysis {
    /// Looks at a statement. Takes anything, and time in proportion to its length up to a bound.
    pub(crate) fn of(sql: &str, dialect: Dialect) -> Self {
        let sql = prefix(sql, MOST_BYTES);
        let mut sanitizer = Sanitizer::new(sql.len());
        let mut summarizer = Summarizer::new(sql);
        let mut quoted = QuotedTokens::new(dialect);
        let mut tokens = Tokens::new(sql, dialect).peekable();
        while let Some(mut token) = tokens.next() {
            token.kind = quoted.kind(&token, tokens.peek());
            sanitizer.push(&token);
            summarizer.push(&token);
            if sanitizer.is_done() && summarizer.is_done() {
                break;
            }
        }
        let mut analysis = summarizer.finish();
        analysis.text = sanitizer.finish();
        analysis
    }
}

/// As much of the beginning of `text` as has at most `most` bytes.
fn prefix(text: &str, most: usize) -> &str {
    let end = text.floor_char_boundary(most);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
