//! The summary of a statement: its operations, and the tables that they are done to.
//!
//! By the semantic conventions for databases ("Generating a summary of the query"): in the order
//! and the spelling of the text, `INSERT standings SELECT games`.

use crate::sql::tokens::{Kind, Token};
use crate::sql::{Analysis, Effect};

mod verbs;

use verbs::{Object, Verb};

/// How long a summary may be, in bytes. It ends with a whole name.
const MOST_BYTES: usize = 255;
/// How many common table expressions are told from tables.
const MOST_DECLARED: usize = 64;

/// Builds the summary.
#[derive(Debug)]
pub(super) struct Summarizer<'a> {
    source: &'a str,
    summary: String,
    is_full: bool,
    operation: Option<String>,
    collection: Collection<'a>,
    effect: Effect,
    /// How many statements have begun.
    statements: usize,
    /// The text in parentheses that the token is in; the first is the statement itself.
    levels: Vec<Level>,
    expected: Expected,
    name: Option<Name>,
    /// What `WITH` declares, and what is no table therefore.
    declared: Vec<&'a str>,
    before: &'a str,
    /// Whether `USING` stands before a table.
    has_using: bool,
}

/// The tables so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collection<'a> {
    None,
    One(&'a str),
    Many,
}

/// A statement, or what is in parentheses within one.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    has_begun: bool,
    /// Whether the words before tables mean what they do in queries and changes.
    has_clauses: bool,
    /// Between `WITH` or `EXPLAIN` and the operation.
    is_introduced: bool,
    /// The same, whatever stands there: names of common table expressions, or options.
    is_declaring: bool,
    /// Among the tables of a `FROM`, where a comma leads to the next.
    is_from: bool,
}

/// What the next word may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Nothing,
    /// What an operation is done to.
    Name(Object),
    /// What is created, changed or dropped. The first word of the operation begins here.
    Kind(usize),
}

/// A name, of which more may follow: `public.players`.
#[derive(Clone, Copy, Debug)]
struct Name {
    start: usize,
    end: usize,
    is_open: bool,
    object: Object,
}

impl<'a> Summarizer<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source,
            summary: String::new(),
            is_full: false,
            operation: None,
            collection: Collection::None,
            effect: Effect::Other,
            statements: 0,
            levels: vec![Level::default()],
            expected: Expected::Nothing,
            name: None,
            declared: Vec::new(),
            before: "",
            has_using: false,
        }
    }

    /// Whether the rest changes nothing.
    pub(super) fn is_done(&self) -> bool {
        self.is_full && self.statements > 1 && self.collection == Collection::Many
    }

    pub(super) fn push(&mut self, token: &Token<'a>) {
        if self.continue_name(token) {
            return;
        }
        self.end_name(token.is("("));
        self.begin(token);
        match token.kind {
            Kind::Word => self.word(token),
            Kind::Quoted => self.quoted(token),
            Kind::Literal | Kind::Placeholder => self.expected = Expected::Nothing,
            Kind::Symbol => self.symbol(token),
        }
        self.before = token.text;
    }

    pub(super) fn finish(mut self) -> Analysis {
        self.end_name(false);
        let is_one = self.statements == 1;
        let collection = match self.collection {
            Collection::One(name) if is_one && name.len() <= MOST_BYTES => Some(name.to_owned()),
            Collection::None | Collection::One(_) | Collection::Many => None,
        };
        Analysis {
            text: String::new(),
            summary: self.summary,
            operation: self.operation.filter(|_| is_one),
            collection,
            // Databases count the rows of a query as affected, or those of the statement before.
            effect: if is_one || self.effect == Effect::Reads {
                self.effect
            } else {
                Effect::Other
            },
        }
    }

    fn level(&mut self) -> Option<&mut Level> {
        self.levels.last_mut()
    }

    /// Notes that a statement has begun, and what is in parentheses.
    fn begin(&mut self, token: &Token<'a>) {
        let is_first = self.levels.len() == 1;
        let has_begun = self.levels.last().is_some_and(|level| level.has_begun);
        if is_first && !has_begun && !token.is(";") {
            self.statements += 1;
            if let Some(level) = self.level() {
                level.has_begun = true;
                level.is_introduced = true;
            }
        }
    }

    fn symbol(&mut self, token: &Token<'a>) {
        match token.text {
            "(" => {
                let is_table = matches!(self.expected, Expected::Name(Object::Source));
                // `FROM (a JOIN b …)`, or a query: what is in there goes on.
                self.levels.push(Level {
                    has_begun: true,
                    has_clauses: is_table,
                    is_introduced: true,
                    is_declaring: false,
                    is_from: is_table,
                });
                if !is_table {
                    self.expected = Expected::Nothing;
                }
            }
            ")" => {
                if self.levels.len() > 1 {
                    self.levels.pop();
                }
                self.expected = Expected::Nothing;
            }
            "," => {
                let is_from = self.levels.last().is_some_and(|level| level.is_from);
                self.expected = if is_from {
                    Expected::Name(Object::Source)
                } else {
                    Expected::Nothing
                };
            }
            ";" => {
                self.levels.clear();
                self.levels.push(Level::default());
                self.expected = Expected::Nothing;
            }
            _ => self.expected = Expected::Nothing,
        }
        if token.text != "(" && self.levels.len() > 1 {
            self.is_no_longer_first();
        }
    }

    fn is_no_longer_first(&mut self) {
        if let Some(level) = self.level()
            && !level.is_declaring
        {
            level.is_introduced = false;
        }
    }

    fn quoted(&mut self, token: &Token<'a>) {
        match self.expected {
            Expected::Name(object) => self.start_name(token, object),
            Expected::Nothing | Expected::Kind(_) => {
                self.expected = Expected::Nothing;
                self.declare(token);
                self.is_no_longer_first();
            }
        }
    }

    fn word(&mut self, token: &Token<'a>) {
        let level = self.levels.last().copied().unwrap_or_default();
        let verb = if level.is_introduced {
            Verb::of(token.text)
        } else {
            Verb::anywhere(token.text)
        };
        let begins_query = match verb {
            Some(Verb::Query) => true,
            Some(Verb::Introduce { is_operation }) => !is_operation,
            _ => false,
        };
        match self.expected {
            Expected::Kind(start) => return self.kind(token, start),
            Expected::Name(object) if !begins_query => {
                if !verbs::is_before_name(token.text) {
                    self.start_name(token, object);
                }
                return;
            }
            Expected::Name(_) | Expected::Nothing => {}
        }
        let is_statement = self.levels.len() == 1;
        match verb {
            Some(Verb::Query) => self.operate(token.text, Effect::Reads, Expected::Nothing),
            Some(Verb::Introduce { is_operation }) => {
                if is_operation {
                    self.operate(token.text, Effect::Reads, Expected::Nothing);
                }
                if let Some(level) = self.level() {
                    level.has_clauses = false;
                    level.is_introduced = true;
                    level.is_declaring = true;
                }
            }
            Some(Verb::Change(expected)) => self.operate(token.text, Effect::Writes, expected),
            // `EXPLAIN ANALYZE`
            Some(Verb::Other(_)) if level.is_declaring => {}
            Some(Verb::Other(expected)) if is_statement => {
                self.operate(token.text, Effect::Other, expected);
            }
            Some(Verb::Show) if is_statement => {
                self.operate(token.text, Effect::Reads, Expected::Nothing);
            }
            Some(Verb::Define) if is_statement => {
                self.expected = Expected::Kind(token.start);
                self.set_operation(false);
            }
            _ => self.clause(token, level),
        }
    }

    /// A word that is no operation, or not here.
    fn clause(&mut self, token: &Token<'a>, level: Level) {
        if level.has_clauses {
            self.expected = match verbs::clause(token.text, self.has_using) {
                // `IS DISTINCT FROM`
                Some(_) if self.before.eq_ignore_ascii_case("DISTINCT") => Expected::Nothing,
                Some(object) => Expected::Name(object),
                None => Expected::Nothing,
            };
            let is_from = self.expected == Expected::Name(Object::Source);
            let ends_from = verbs::ends_from(token.text);
            if let Some(level) = self.level() {
                level.is_from = (level.is_from || is_from) && !ends_from;
            }
        } else {
            self.expected = Expected::Nothing;
            self.declare(token);
            self.is_no_longer_first();
        }
    }

    /// Notes the name of a common table expression, which stands between `WITH` or a comma
    /// and what it is declared as.
    fn declare(&mut self, token: &Token<'a>) {
        let is_declaring = self.levels.last().is_some_and(|level| level.is_declaring);
        let is_name = [",", "WITH", "RECURSIVE"]
            .iter()
            .any(|before| self.before.eq_ignore_ascii_case(before));
        let has_room = self.declared.len() < MOST_DECLARED;
        if is_declaring && is_name && has_room && !token.is_word("RECURSIVE") {
            self.declared.push(token.text);
        }
    }

    fn operate(&mut self, operation: &str, effect: Effect, expected: Expected) {
        self.add(operation);
        self.has_using = ["DELETE", "MERGE"]
            .iter()
            .any(|verb| operation.eq_ignore_ascii_case(verb));
        if self.operation.is_none() {
            self.operation = Some(operation.to_owned());
        }
        if self.effect != Effect::Writes && effect != Effect::Other {
            self.effect = effect;
        }
        self.expected = expected;
        self.set_operation(effect != Effect::Other);
    }

    fn set_operation(&mut self, has_clauses: bool) {
        if let Some(level) = self.level() {
            level.has_clauses = has_clauses;
            level.is_introduced = false;
            level.is_declaring = false;
            level.is_from = false;
        }
    }

    /// A word behind `CREATE` or its like: what kind of thing it is done to.
    fn kind(&mut self, token: &Token<'a>, start: usize) {
        if verbs::is_before_kind(token.text) {
            return;
        }
        let verb = self.source.get(start..).unwrap_or_default();
        let length = verb.bytes().take_while(u8::is_ascii_alphabetic).count();
        let verb = verb.get(..length).unwrap_or_default();
        match verbs::kind(token.text) {
            Some(object) => {
                let operation = [verb, " ", token.text].concat();
                self.operate(&operation, Effect::Other, Expected::Name(object));
            }
            None => self.operate(verb, Effect::Other, Expected::Nothing),
        }
    }

    fn start_name(&mut self, token: &Token<'a>, object: Object) {
        self.expected = Expected::Nothing;
        self.name = Some(Name {
            start: token.start,
            end: token.start + token.text.len(),
            is_open: false,
            object,
        });
    }

    /// Takes a token that is part of the name before it.
    fn continue_name(&mut self, token: &Token<'a>) -> bool {
        let Some(name) = &mut self.name else {
            return false;
        };
        let is_part = match token.kind {
            Kind::Symbol => token.text == "." && !name.is_open,
            Kind::Word | Kind::Quoted => name.is_open,
            Kind::Literal | Kind::Placeholder => false,
        };
        if !is_part || token.is_spaced {
            return false;
        }
        name.is_open = token.kind == Kind::Symbol;
        if !name.is_open {
            name.end = token.start + token.text.len();
        }
        true
    }

    /// Adds the name that has ended. With arguments behind it, what rows come from is a
    /// function.
    fn end_name(&mut self, has_parenthesis: bool) {
        let Some(name) = self.name.take() else {
            return;
        };
        let text = self.source.get(name.start..name.end).unwrap_or_default();
        let is_function = has_parenthesis && name.object == Object::Source;
        if is_function || self.declared.contains(&text) {
            return;
        }
        self.add(text);
        if name.object != Object::Other {
            self.collection = match self.collection {
                Collection::None => Collection::One(text),
                Collection::One(one) if one == text => Collection::One(one),
                Collection::One(_) | Collection::Many => Collection::Many,
            };
        }
    }

    fn add(&mut self, part: &str) {
        let separator = if self.summary.is_empty() { "" } else { " " };
        self.is_full |= self.summary.len() + separator.len() + part.len() > MOST_BYTES;
        if !self.is_full {
            self.summary.push_str(separator);
            self.summary.push_str(part);
        }
    }
}
