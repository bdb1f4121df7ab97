//! The tokens of a statement.
//!
//! What matters is to know for certain where a literal begins and ends: by the lexical rules of
//! SQLite (<https://www.sqlite.org/lang_expr.html#literal_values_constants_>), PostgreSQL
//! (section 4.1 of its manual) and MySQL (chapter 11 of its manual). A literal, comment or quoted
//! name that has no end goes to the end of the text.

use crate::drivers::Dialect;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name.
    Word,
    /// A name in quotes, with them.
    Quoted,
    /// A string, a number, or anything that may be one.
    Literal,
    /// What a parameter is bound to.
    Placeholder,
    /// One character of anything else.
    Symbol,
}

/// A part of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// Where it begins.
    pub(super) start: usize,
    /// Whether white space or a comment stands before it.
    pub(super) is_spaced: bool,
}

/// Cuts a statement into tokens.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    dialect: Dialect,
}

impl Token<'_> {
    /// Whether it is this symbol.
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    /// Whether it is this word, which is given in upper case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        let before = self.at;
        self.skip_space();
        let start = self.at;
        let kind = self.token(self.peek(0)?);
        Some(Token {
            kind,
            text: self.text.get(start..self.at)?,
            start,
            is_spaced: start > before,
        })
    }
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            at: 0,
            dialect,
        }
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn skip_rest(&mut self) {
        self.at = self.text.len();
    }

    fn skip_space(&mut self) {
        while let Some(byte) = self.peek(0) {
            match byte {
                0..=b' ' => self.at += 1,
                b'-' if self.begins_line_comment() => self.skip_line(),
                b'#' if self.dialect == Dialect::MySql => self.skip_line(),
                b'/' if self.peek(1) == Some(b'*') => self.skip_block(),
                _ => break,
            }
        }
    }

    fn begins_line_comment(&self) -> bool {
        let begins = self.peek(1) == Some(b'-');
        let is_spaced = || self.peek(2).is_none_or(|byte| byte <= b' ');
        begins && (self.dialect != Dialect::MySql || is_spaced())
    }

    fn skip_line(&mut self) {
        let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
        match self.rest().iter().position(is_end) {
            Some(length) => self.at += length,
            None => self.skip_rest(),
        }
    }

    fn skip_block(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            match (self.peek(0), self.peek(1)) {
                (Some(b'/'), Some(b'*')) if depth == 0 || self.dialect == Dialect::Postgres => {
                    depth += 1;
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
    }

    /// Goes past the token that begins here with `first`.
    fn token(&mut self, first: u8) -> Kind {
        use Dialect::{MySql, Postgres, Sqlite};
        match (first, self.dialect) {
            (b'\'', dialect) => self.string(b'\'', dialect == MySql),
            (b'"', MySql) => self.string(b'"', true),
            (b'"', _) => self.quoted(b'"'),
            (b'`', dialect) if dialect != Postgres => self.quoted(b'`'),
            (b'[', Sqlite) => self.quoted(b']'),
            (b'$', Sqlite) => self.placeholder(),
            (b'$', _) => self.dollar(),
            (b'?', dialect) if dialect != Postgres => self.placeholder(),
            // Beside a cast, `::`.
            (b':' | b'@', dialect) if dialect != Postgres && self.peek(1).is_some_and(is_word) => {
                self.placeholder()
            }
            (b'.', _) if self.peek(1).is_some_and(|byte| byte.is_ascii_digit()) => self.number(),
            (b'0'..=b'9', _) => self.number(),
            (byte, _) if is_word(byte) => self.word(),
            (b':', _) if self.peek(1) == Some(b':') => self.symbol(2),
            _ => self.symbol(1),
        }
    }

    fn symbol(&mut self, length: usize) -> Kind {
        self.at += length;
        Kind::Symbol
    }

    fn skip_word(&mut self) {
        let is_end = |byte: &u8| !is_word(*byte) && *byte != b'$';
        match self.rest().iter().position(is_end) {
            Some(length) => self.at += length,
            None => self.skip_rest(),
        }
    }

    fn word(&mut self) -> Kind {
        let start = self.at;
        self.skip_word();
        let word = self.text.get(start..self.at).unwrap_or_default();
        let is_unicode = word.eq_ignore_ascii_case("u")
            && self.peek(0) == Some(b'&')
            && self.peek(1) == Some(b'\'');
        if is_unicode && self.dialect == Dialect::Postgres {
            self.at += 1;
            return self.string(b'\'', false);
        }
        if self.peek(0) != Some(b'\'') {
            return Kind::Word;
        }
        match (word, self.dialect) {
            ("e" | "E", Dialect::Postgres | Dialect::Other) => self.string(b'\'', true),
            ("b" | "B" | "n" | "N" | "x" | "X", dialect) => {
                self.string(b'\'', dialect == Dialect::MySql)
            }
            _ => Kind::Word,
        }
    }

    fn placeholder(&mut self) -> Kind {
        self.at += 1;
        self.skip_word();
        Kind::Placeholder
    }

    fn number(&mut self) -> Kind {
        while let Some(byte) = self.peek(0) {
            let is_sign = matches!(byte, b'+' | b'-') && self.is_after_exponent();
            if !is_word(byte) && byte != b'.' && byte != b'$' && !is_sign {
                break;
            }
            self.at += 1;
        }
        Kind::Literal
    }

    /// Whether `e` stands before what is here, and a digit behind it: `1e-5`.
    fn is_after_exponent(&self) -> bool {
        let before = self
            .at
            .checked_sub(1)
            .and_then(|at| self.text.as_bytes().get(at));
        matches!(before, Some(b'e' | b'E')) && self.peek(1).is_some_and(|b| b.is_ascii_digit())
    }

    /// Goes past a string, in which a doubled quote is one of its characters.
    fn string(&mut self, quote: u8, has_backslashes: bool) -> Kind {
        loop {
            self.at += 1;
            self.skip_string(quote, has_backslashes);
            if !(has_backslashes && self.dialect != Dialect::MySql) {
                return Kind::Literal;
            }
            // It goes on, with backslashes, in a string on the next line.
            let end = self.at;
            self.skip_space();
            if self.peek(0) != Some(quote) {
                self.at = end;
                return Kind::Literal;
            }
        }
    }

    fn skip_string(&mut self, quote: u8, has_backslashes: bool) {
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\\' && has_backslashes {
                self.at = self.text.len().min(self.at + 1);
            } else if byte == quote {
                if self.peek(0) != Some(quote) {
                    return;
                }
                self.at += 1;
            }
        }
    }

    /// Goes past a name in quotes. What has no end may be anything.
    fn quoted(&mut self, end: u8) -> Kind {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == end {
                if self.peek(0) != Some(end) || end == b']' {
                    return Kind::Quoted;
                }
                self.at += 1;
            }
        }
        Kind::Literal
    }

    /// Goes past `$1`, or past a string such as `$tag$text$tag$`.
    fn dollar(&mut self) -> Kind {
        let start = self.at;
        let is_tag = |byte: &u8| is_word(*byte);
        let rest = self.rest().get(1..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| is_tag(byte)).count();
        let begins_with_digit = rest.first().is_some_and(u8::is_ascii_digit);
        if rest.get(length) != Some(&b'$') || begins_with_digit {
            self.at += 1 + length;
            return if length > 0 {
                Kind::Placeholder
            } else {
                Kind::Symbol
            };
        }
        let opened = start + length + 2;
        let tag = self.text.get(start..opened).unwrap_or_default();
        let body = self.text.get(opened..).unwrap_or_default();
        match body.find(tag) {
            Some(closing) => self.at = opened + closing + tag.len(),
            None => self.skip_rest(),
        }
        Kind::Literal
    }
}

/// Whether a byte may be in a name: all that is not ASCII may.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}
