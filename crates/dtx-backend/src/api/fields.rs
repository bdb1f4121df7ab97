//! What is wrong with the fields of an input.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::api::error::Error;

const LONGEST_NAME: usize = 100;

/// The problems of each field, as a client is shown them beside the field.
///
/// Problems are gathered first, so that the client learns of all of them at once, and
/// turned into an error by [`check`](Self::check).
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct FieldProblems(BTreeMap<Cow<'static, str>, Vec<Cow<'static, str>>>);

impl FieldProblems {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// The one problem of one field, as an error.
    pub(super) fn one(
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Error {
        let mut problems = Self::new();
        problems.add(field, problem);
        Error::Invalid(problems)
    }

    pub(super) fn add(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) {
        self.0.entry(field.into()).or_default().push(problem.into());
    }

    /// Adds a problem unless the condition holds.
    pub(super) fn ensure(&mut self, condition: bool, field: &'static str, problem: &'static str) {
        if !condition {
            self.add(field, problem);
        }
    }

    /// The error, if there is any problem.
    pub(super) fn check(self) -> Result<(), Error> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error::Invalid(self))
        }
    }
}

impl fmt::Display for FieldProblems {
    /// Says which fields have problems.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<_> = self.0.keys().map(|field| &**field).collect();
        write!(f, "not valid: {}", fields.join(", "))
    }
}

/// Looks at the `name` of something: 1 to 100 characters. `None` is one that stays as it is.
pub(super) fn check_name(name: Option<&str>) -> Result<(), Error> {
    let Some(name) = name else { return Ok(()) };
    let mut problems = FieldProblems::new();
    problems.ensure(!name.is_empty(), "name", "must not be empty");
    problems.ensure(
        name.chars().count() <= LONGEST_NAME,
        "name",
        "must be at most 100 characters long",
    );
    problems.ensure(
        name.trim() == name && !name.contains(char::is_control),
        "name",
        "must not begin or end with white space or hold control characters",
    );
    problems.check()
}
