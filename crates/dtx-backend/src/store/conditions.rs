//! What the records of a list have in common.

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

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'static str, Operand)> {
        self.0.iter().copied()
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
