//! The text of a statement without its values.

use crate::sql::prefix;
use crate::sql::tokens::{Kind, Token};

/// How long a text may be, in bytes.
const MOST_BYTES: usize = 2_048;
/// What stands for a value.
const VALUE: &str = "?";
/// What stands for further rows.
const MORE: &str = ", ...";

/// Writes a statement on one line, with `?` for each literal. Lists of values have the length of
/// one, so that a statement looks the same however many there are.
#[derive(Debug)]
pub(super) struct Sanitizer {
    text: String,
    /// More was written than there is room for.
    is_full: bool,
    before: Before,
    /// The innermost list in parentheses that has nothing but values in it.
    list: Option<List>,
    /// Where the first row of a `VALUES` ends, and whether there were more.
    row_end: usize,
    has_more_rows: bool,
}

/// What stands before a token, as far as it says what a parenthesis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    In,
    Values,
    Row,
    RowAndComma,
    Other,
}

#[derive(Clone, Copy, Debug)]
struct List {
    begins: usize,
    values: usize,
    of: Before,
}

impl Sanitizer {
    pub(super) fn new(length: usize) -> Self {
        Self {
            text: String::with_capacity(length.min(MOST_BYTES)),
            is_full: false,
            before: Before::Other,
            list: None,
            row_end: 0,
            has_more_rows: false,
        }
    }

    /// Whether the rest changes nothing: a list may yet become shorter.
    pub(super) fn is_done(&self) -> bool {
        self.is_full && self.list.is_none()
    }

    pub(super) fn push(&mut self, token: &Token<'_>) {
        if token.is(")") {
            self.write(token, token.text);
            self.before = self.end_list();
            return;
        }
        let is_value = match token.kind {
            Kind::Literal => true,
            Kind::Word => token.is_word("TRUE") || token.is_word("FALSE"),
            Kind::Placeholder | Kind::Quoted | Kind::Symbol => false,
        };
        self.write(token, if is_value { VALUE } else { token.text });
        if token.is("(") {
            let is_of_values = !matches!(self.before, Before::Row | Before::Other);
            self.list = is_of_values.then_some(List {
                begins: self.text.len(),
                values: 0,
                of: self.before,
            });
        } else if is_value || token.kind == Kind::Placeholder {
            if let Some(list) = &mut self.list {
                list.values += 1;
            }
        } else if !is_of_list(token) {
            self.list = None;
        }
        self.before = match self.before {
            Before::Row if token.is(",") => Before::RowAndComma,
            _ if token.is_word("IN") => Before::In,
            _ if token.is_word("VALUES") => Before::Values,
            _ => Before::Other,
        };
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    fn write(&mut self, token: &Token<'_>, text: &str) {
        if token.is_spaced && !self.text.is_empty() {
            self.append(" ");
        }
        self.append(text);
    }

    fn append(&mut self, text: &str) {
        if self.is_full {
            return;
        }
        let fits = prefix(text, MOST_BYTES - self.text.len());
        self.text.push_str(fits);
        self.is_full = fits.len() < text.len();
    }

    /// Writes a list that ends here with one value, or not at all if it is a further row.
    fn end_list(&mut self) -> Before {
        let Some(list) = self.list.take() else {
            return Before::Other;
        };
        match list.of {
            Before::In if list.values > 1 => {
                self.cut(list.begins);
                self.append(VALUE);
                self.append(")");
                Before::Other
            }
            Before::Values => {
                self.row_end = self.text.len();
                self.has_more_rows = false;
                Before::Row
            }
            Before::RowAndComma => {
                self.cut(self.row_end);
                if !self.has_more_rows {
                    self.has_more_rows = true;
                    self.append(MORE);
                    self.row_end = self.text.len();
                }
                Before::Row
            }
            Before::In | Before::Row | Before::Other => Before::Other,
        }
    }

    fn cut(&mut self, length: usize) {
        self.text.truncate(length);
        self.is_full = false;
    }
}

/// Whether a token may be in a list that has nothing but values in it.
fn is_of_list(token: &Token<'_>) -> bool {
    token.is(",")
        || token.is("-")
        || token.is("+")
        || token.is_word("NULL")
        || token.is_word("DEFAULT")
}
