//! What stands in double quotes: a name, or a string.
//!
//! SQLite takes `"x"` for a string where no column has that name, which the text does not say. It
//! is a name here where nothing but a name can stand, or where a name is usual and a string is not;
//! everywhere else it is a literal.

use crate::drivers::Dialect;
use crate::sql::tokens::{Kind, Token};

/// How many parentheses within each other are distinguished. Within more of them nothing is a name.
const MAX_DEPTH: usize = 64;

/// What stands where, at one depth of parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Tables, columns, or what is selected.
    Names,
    /// Conditions and assignments: a name stands left of an operator.
    Expressions,
    /// Values, arguments, and what is right of an operator.
    Values,
}

/// One depth of parentheses.
#[derive(Clone, Copy, Debug)]
struct Depth {
    place: Place,
    /// Whether a list of columns may follow the name that comes next, or came last.
    has_columns: bool,
    /// Whether the next `AND` belongs to a `BETWEEN`.
    is_between: bool,
}

/// The token before, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// A name, or the end of a statement: nothing that asks for anything.
    Name,
    Dot,
    Comma,
    /// A parenthesis that opens.
    Open,
    Operator,
    /// A keyword that what follows is the name for.
    Naming,
    /// A keyword behind which a condition stands.
    Condition,
    /// A keyword behind which a value stands.
    Value,
    /// A keyword behind which columns or tables stand in parentheses.
    Columns,
    Other,
}

/// Distinguishes names from strings, token by token.
#[derive(Debug)]
pub(super) struct QuotedTokens {
    is_ambiguous: bool,
    depths: Vec<Depth>,
    /// How many more parentheses are open than are distinguished.
    too_deep: usize,
    before: Before,
    /// Whether the statement defines something: `ON` is then before a table.
    is_definition: bool,
}

impl Depth {
    const fn new(place: Place) -> Self {
        Self {
            place,
            has_columns: false,
            is_between: false,
        }
    }
}

impl QuotedTokens {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self {
            is_ambiguous: matches!(dialect, Dialect::Sqlite | Dialect::Other),
            depths: vec![Depth::new(Place::Expressions)],
            too_deep: 0,
            before: Before::Other,
            is_definition: false,
        }
    }

    /// The kind of the next token, which `next` follows: a literal where it may be one.
    pub(super) fn kind(&mut self, token: &Token<'_>, next: Option<&Token<'_>>) -> Kind {
        if !self.is_ambiguous {
            return token.kind;
        }
        let is_in_doubt = token.kind == Kind::Quoted && token.text.starts_with('"');
        let kind = if is_in_doubt && !self.is_name(next) {
            Kind::Literal
        } else {
            token.kind
        };
        self.before = match kind {
            Kind::Symbol => self.symbol(token.text),
            Kind::Word if self.before != Before::Dot => self.word(token.text),
            Kind::Word | Kind::Quoted => Before::Name,
            Kind::Literal | Kind::Placeholder => Before::Other,
        };
        kind
    }

    fn is_name(&self, next: Option<&Token<'_>>) -> bool {
        if self.before == Before::Dot || next.is_some_and(|next| next.is(".")) {
            return true;
        }
        let is_operand = || next.is_some_and(begins_operator);
        match (self.before, self.depth().place) {
            (Before::Naming, _) => true,
            (Before::Operator | Before::Value, _) | (_, Place::Values) => false,
            (Before::Condition, _) | (_, Place::Expressions) => is_operand(),
            (_, Place::Names) => true,
        }
    }

    fn depth(&self) -> Depth {
        let depth = self.depths.last().filter(|_| self.too_deep == 0);
        depth.copied().unwrap_or(Depth::new(Place::Values))
    }

    /// Changes what stands at this depth; within too many parentheses nothing.
    fn set(&mut self, place: Place, has_columns: bool) {
        if self.too_deep == 0
            && let Some(depth) = self.depths.last_mut()
        {
            *depth = Depth {
                has_columns,
                ..Depth::new(place)
            };
        }
    }

    fn symbol(&mut self, symbol: &str) -> Before {
        match symbol {
            "(" => {
                self.open();
                Before::Open
            }
            ")" => {
                self.close();
                Before::Other
            }
            "." => Before::Dot,
            "," => Before::Comma,
            ";" => {
                *self = Self::new(Dialect::Sqlite);
                Before::Other
            }
            _ => Before::Operator,
        }
    }

    fn open(&mut self) {
        let Depth {
            place, has_columns, ..
        } = self.depth();
        let within = match (place, self.before) {
            (Place::Values, _) => Place::Values,
            (_, Before::Name) if has_columns => Place::Names,
            (_, Before::Columns) => Place::Names,
            (_, Before::Condition | Before::Naming | Before::Open | Before::Comma) => {
                Place::Expressions
            }
            _ => Place::Values,
        };
        if has_columns {
            self.set(place, false);
        }
        if self.too_deep == 0 && self.depths.len() < MAX_DEPTH {
            self.depths.push(Depth::new(within));
        } else {
            self.too_deep += 1;
        }
    }

    fn close(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if self.depths.len() > 1 {
            self.depths.pop();
        }
    }

    /// Goes past a word: a keyword, or a name.
    fn word(&mut self, word: &str) -> Before {
        use Place::{Expressions, Names, Values};
        let is = |keywords: &[&str]| keywords.iter().any(|it| word.eq_ignore_ascii_case(it));
        // Within values, a query begins or nothing that has names.
        if self.depth().place == Values && !is(&["SELECT", "RETURNING", "ON", "WITH"]) {
            return self.word_within_values(word);
        }
        if is(&["SELECT", "RETURNING", "BY"]) {
            self.set(Names, false);
            Before::Other
        } else if is(&["DISTINCT"]) {
            // `IS DISTINCT FROM` is an operator.
            self.before_unless_value(Before::Other)
        } else if is(&["FROM"]) && self.before == Before::Value {
            Before::Value
        } else if is(&["FROM", "JOIN"]) {
            self.set(Names, false);
            Before::Columns
        } else if is(&["INTO", "TABLE", "REFERENCES", "WITH"])
            || is(&["INDEX", "VIEW", "ON"]) && self.is_definition
        {
            self.set(Names, true);
            Before::Other
        } else if is(&["CREATE", "ALTER", "DROP"]) {
            self.is_definition = true;
            self.set(Names, false);
            Before::Other
        } else if is(&["UPDATE"]) {
            self.set(Names, false);
            Before::Other
        } else if is(&["SET", "EXISTS"]) && self.is_definition {
            Before::Name
        } else if is(&["CONFLICT", "KEY", "UNIQUE", "USING"]) {
            Before::Columns
        } else if is(&["AS", "COLLATE", "CONSTRAINT"]) {
            Before::Naming
        } else if is(&["WHERE", "ON", "HAVING", "SET"]) {
            self.set(Expressions, false);
            Before::Condition
        } else if is(&["NOT"]) {
            self.before_unless_value(Before::Condition)
        } else if is(&["AND"]) {
            self.and()
        } else if is(&CONDITION_KEYWORDS) {
            Before::Condition
        } else if is(&VALUE_KEYWORDS) {
            if is(&["BETWEEN"]) {
                self.mark_between(true);
            }
            Before::Value
        } else if is(&[
            "VALUES", "LIMIT", "OFFSET", "ATTACH", "DETACH", "PRAGMA", "VACUUM",
        ]) {
            self.set(Values, false);
            Before::Value
        } else {
            Before::Name
        }
    }

    /// What a keyword is that may be a part of `IS NOT DISTINCT FROM`.
    fn before_unless_value(&self, otherwise: Before) -> Before {
        match self.before {
            Before::Value | Before::Condition => Before::Value,
            _ => otherwise,
        }
    }

    /// Goes past an `AND`, behind which the other bound of a `BETWEEN` stands, or a condition.
    fn and(&mut self) -> Before {
        if self.depth().is_between {
            self.mark_between(false);
            Before::Value
        } else {
            Before::Condition
        }
    }

    fn mark_between(&mut self, is_between: bool) {
        if self.too_deep == 0
            && let Some(depth) = self.depths.last_mut()
        {
            depth.is_between = is_between;
        }
    }

    fn word_within_values(&self, word: &str) -> Before {
        let is_naming = word.eq_ignore_ascii_case("AS") && self.depths.len() == 1;
        if is_naming {
            Before::Naming
        } else {
            Before::Other
        }
    }
}

/// Behind them stands a condition, or what is compared.
const CONDITION_KEYWORDS: [&str; 7] = ["OR", "WHEN", "CASE", "EXISTS", "OVER", "FILTER", "CHECK"];

/// Behind them stands a value.
const VALUE_KEYWORDS: [&str; 11] = [
    "LIKE", "GLOB", "REGEXP", "MATCH", "ESCAPE", "IS", "IN", "BETWEEN", "THEN", "ELSE", "DEFAULT",
];

/// Whether an operator begins with a token.
fn begins_operator(token: &Token<'_>) -> bool {
    const SYMBOLS: &str = "=<>!+-*/%|&";
    const WORDS: [&str; 10] = [
        "IS", "IN", "BETWEEN", "LIKE", "GLOB", "REGEXP", "MATCH", "NOT", "ISNULL", "NOTNULL",
    ];
    match token.kind {
        Kind::Symbol => SYMBOLS.contains(token.text),
        Kind::Word => WORDS.iter().any(|word| token.is_word(word)),
        Kind::Quoted | Kind::Literal | Kind::Placeholder => false,
    }
}

#[cfg(test)]
mod tests;
