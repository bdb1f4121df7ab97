//! What the records of a list have in common.

use std::fmt::Write as _;

use crate::store::query::Query;

/// Conditions that must all be met, each a column and its value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Conditions(Vec<(&'static str, Operand)>);

/// A value to compare with.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Integer(i64),
    Text(&'static str),
}

impl Conditions {
    /// Meets every record.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds that `column` must be equal to `value`, unless that is `None`.
    pub(super) fn equals(
        mut self,
        column: &'static str,
        value: Option<impl Into<Operand>>,
    ) -> Self {
        self.0.extend(value.map(|value| (column, value.into())));
        self
    }

    /// How many there are, and parameters for them.
    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// What comes after a `SELECT` for them, with the first parameters.
    pub(super) fn sql(&self) -> String {
        let mut sql = String::new();
        for (at, (column, _)) in self.0.iter().enumerate() {
            let word = if at == 0 { "WHERE" } else { "AND" };
            // Writing to a string does not fail.
            let _infallible = write!(sql, " {word} {column} = ${}", at + 1);
        }
        sql
    }

    /// Gives a query their values.
    pub(super) fn bind_to<'c>(&self, query: Query<'c>) -> Query<'c> {
        let operands = self.0.iter();
        operands.fold(query, |query, (_, operand)| match *operand {
            Operand::Integer(value) => query.bind(value),
            Operand::Text(value) => query.bind(value),
        })
    }
}

impl From<i64> for Operand {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<&'static str> for Operand {
    fn from(value: &'static str) -> Self {
        Self::Text(value)
    }
}
