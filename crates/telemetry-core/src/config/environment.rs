//! The environment as a value, and how settings are read from it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use crate::config::ConfigWarning;

/// A copy of environment variables.
///
/// Settings are read from one of these and never from the process itself, so that a test
/// needs no more than a list of pairs:
///
/// ```
/// use telemetry_core::Environment;
///
/// let environment = Environment::from_iter([("LOG_LEVEL", "debug")]);
/// assert_eq!(environment.get("LOG_LEVEL"), Some("debug"));
/// ```
#[derive(Clone, Default)]
pub struct Environment {
    /// Without a value where that is not UTF-8.
    variables: BTreeMap<String, Option<String>>,
}

impl Environment {
    /// Copies the variables of the process. Names that are not UTF-8 are left out.
    #[must_use]
    pub fn from_process() -> Self {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .collect()
    }

    /// The value of a variable, without surrounding white space; `None` when it is unset,
    /// empty, or not UTF-8.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name)?.as_deref()?.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The names of all variables, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    fn is_utf8(&self, name: &str) -> bool {
        !matches!(self.variables.get(name), Some(None))
    }
}

impl<K: Into<String>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let variables = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into().into_string().ok()))
            .collect();
        Self { variables }
    }
}

impl fmt::Debug for Environment {
    /// Shows the names alone: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// Reads typed settings from an environment and gathers what is wrong with them.
///
/// Each method leaves a setting as it is when its variable is unset or empty, and also, with
/// a warning, when its value is bad.
#[derive(Debug)]
pub struct EnvironmentReader<'a> {
    environment: &'a Environment,
    warnings: Vec<ConfigWarning>,
}

impl<'a> EnvironmentReader<'a> {
    /// Starts to read.
    #[must_use]
    pub fn new(environment: &'a Environment) -> Self {
        Self {
            environment,
            warnings: Vec::new(),
        }
    }

    /// The value of a variable as it is. Warns when it is not UTF-8.
    pub fn get(&mut self, name: &str) -> Option<&'a str> {
        if !self.environment.is_utf8(name) {
            self.warn(name, "the value is not valid UTF-8", "the default");
        }
        self.environment.get(name)
    }

    /// Reads any text.
    pub fn text(&mut self, name: &str, setting: &mut String) {
        if let Some(value) = self.get(name) {
            value.clone_into(setting);
        }
    }

    /// Reads `true`, `1`, `yes` or `false`, `0`, `no`, in any case.
    pub fn bool(&mut self, name: &str, setting: &mut bool) {
        let Some(value) = self.get(name) else { return };
        match &*value.to_ascii_lowercase() {
            "true" | "1" | "yes" => *setting = true,
            "false" | "0" | "no" => *setting = false,
            _ => {
                let problem = format!("{value:?} is neither true, 1, yes nor false, 0, no");
                self.warn(name, problem, *setting);
            }
        }
    }

    /// Reads one of some words, in any case. Says whether the setting was set.
    pub fn choice<T: Clone + fmt::Display>(
        &mut self,
        name: &str,
        setting: &mut T,
        choices: &[(&str, T)],
    ) -> bool {
        let Some(value) = self.get(name) else {
            return false;
        };
        let chosen = choices
            .iter()
            .find(|(word, _)| word.eq_ignore_ascii_case(value));
        match chosen {
            Some((_, choice)) => setting.clone_from(choice),
            None => {
                let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
                let problem = format!("{value:?} is not one of {}", words.join(", "));
                self.warn(name, problem, &*setting);
            }
        }
        chosen.is_some()
    }

    /// Reads a value with a function that says what would be right when it cannot; `name_of`
    /// names the value that is used then.
    pub fn parsed<T, D: fmt::Display>(
        &mut self,
        name: &str,
        setting: &mut T,
        parse: impl FnOnce(&str) -> Result<T, String>,
        name_of: impl FnOnce(&T) -> D,
    ) {
        let Some(value) = self.get(name) else { return };
        match parse(value) {
            Ok(parsed) => *setting = parsed,
            Err(problem) => self.warn(name, problem, name_of(setting)),
        }
    }

    /// Adds a warning. `problem` must not show a secret.
    pub fn warn(&mut self, variable: &str, problem: impl Into<String>, using: impl fmt::Display) {
        self.warnings.push(ConfigWarning {
            variable: variable.to_owned(),
            problem: problem.into(),
            using: using.to_string(),
        });
    }

    /// What was wrong.
    #[must_use]
    pub fn into_warnings(self) -> Vec<ConfigWarning> {
        self.warnings
    }
}
