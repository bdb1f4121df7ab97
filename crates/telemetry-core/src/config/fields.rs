//! The fields of every line.

use crate::config::{Config, EnvironmentReader};
use crate::fields::Fields;
use crate::propagation::percent_decoded;
use crate::value::{FieldValue, Value};

const VARIABLE: &str = "TELEMETRY_FIELDS";

impl Config {
    /// Adds a field to every line that is written, and to the resource of what is exported: a region,
    /// the name of a pod. In place of an earlier value of the same name.
    ///
    /// It is rendered once and copied to each line, behind all other fields: any of these wins over a
    /// field of its name. The rules for names and secrets are those of other fields.
    #[must_use]
    pub fn with_field(mut self, name: impl Into<String>, value: impl FieldValue) -> Self {
        let name = name.into();
        self.fields.retain(|(known, _)| *known != name);
        self.fields.push((name, Value::of(&value)));
        self
    }

    /// The fields of every line, in the order in which they were added.
    #[must_use]
    pub fn fields(&self) -> &[(String, Value)] {
        &self.fields
    }

    /// The fields of every line, rendered.
    pub(crate) fn rendered_fields(&self) -> Fields {
        let mut fields = Fields::new();
        for (name, value) in &self.fields {
            fields.set(name, value);
        }
        fields
    }
}

/// Reads `name=value,name=value`, with values that are percent-decoded. A list that is bad in part is
/// left out as a whole.
pub(super) fn read(reader: &mut EnvironmentReader<'_>) -> Vec<(String, Value)> {
    let Some(list) = reader.get(VARIABLE) else {
        return Vec::new();
    };
    let mut fields = Vec::new();
    for (at, entry) in list.split(',').enumerate() {
        let pair = entry.split_once('=');
        match pair.map(|(name, value)| (name.trim(), value.trim())) {
            Some((name, value)) if !name.is_empty() => {
                let value = percent_decoded(value).into_owned();
                fields.push((name.to_owned(), Value::String(value)));
            }
            _ => {
                // What it is may be a secret.
                let problem = format!("entry {} is not name=value", at + 1);
                reader.warn(VARIABLE, problem, "none of its fields");
                return Vec::new();
            }
        }
    }
    fields
}
