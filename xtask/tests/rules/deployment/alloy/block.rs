//! Alloy's configuration as a tree of blocks.

use super::CONFIGURATION;
use super::known::{EXPERIMENTAL, KNOWN, Known};
use crate::read;

/// A block of the configuration, with the lines `name = value` and the blocks in it.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// As in [`KNOWN`].
    pub(super) name: String,
    /// None of a block in another one.
    pub(super) label: Option<String>,
    pub(super) arguments: Vec<(String, String)>,
    pub(super) blocks: Vec<Block>,
}

impl Block {
    /// Reads the components of a configuration that has one thing on each line.
    pub(super) fn components() -> Vec<Self> {
        let mut open = vec![Self::default()];
        for line in read(CONFIGURATION).lines().map(str::trim) {
            if line.is_empty() || line.starts_with("//") {
                continue;
            }
            if line == "}" {
                let block = open.pop().unwrap();
                open.last_mut().unwrap().blocks.push(block);
            } else if let Some(head) = line.strip_suffix(" {") {
                let (name, label) = match head.split_once(' ') {
                    Some((name, label)) => (name, Some(label.trim_matches('"').to_owned())),
                    None => (head, None),
                };
                let outer = &open.last().unwrap().name;
                let name = [outer, name].map(str::to_owned);
                let name = name.into_iter().filter(|part| !part.is_empty());
                let name = name.collect::<Vec<_>>().join("/");
                open.push(Self {
                    name,
                    label,
                    ..Self::default()
                });
            } else {
                let (name, value) = line.split_once(" = ").unwrap_or_else(|| panic!("{line}"));
                let argument = (name.trim().to_owned(), value.to_owned());
                open.last_mut().unwrap().arguments.push(argument);
            }
        }
        assert_eq!(open.len(), 1, "a block is not closed");
        open.pop().unwrap().blocks
    }

    fn known(&self) -> Option<&'static Known> {
        let mut all = KNOWN.iter().chain([&EXPERIMENTAL]);
        all.find(|(name, ..)| *name == self.name)
    }

    /// Says what Alloy would refuse of this block and those in it.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let Some((name, required, optional, _)) = self.known() else {
            return vec![format!("there is no {}", self.name)];
        };
        let prefix = format!("{name}/");
        let blocks = self
            .blocks
            .iter()
            .map(|block| format!("{}{{}}", block.name.replace(&prefix, "")));
        let has: Vec<_> = self
            .arguments
            .iter()
            .map(|(name, _)| name.clone())
            .chain(blocks)
            .collect();
        let unknown = has
            .iter()
            .filter(|has| !required.contains(&&***has) && !optional.contains(&&***has));
        let unknown = unknown.map(|unknown| format!("{name} has no {unknown}"));
        let missing = required
            .iter()
            .filter(|required| !has.iter().any(|has| has == *required));
        let missing = missing.map(|missing| format!("{name} needs {missing}"));
        let inner = self.blocks.iter().flat_map(Self::mistakes);
        unknown.chain(missing).chain(inner).collect()
    }

    /// Gives what this refers to, in arguments of its own and of the blocks in it.
    pub(super) fn references(&self) -> Vec<String> {
        let own = self.arguments.iter().flat_map(|(_, value)| {
            let words = value.split(|c: char| !(c.is_alphanumeric() || "._\"".contains(c)));
            let roots = ["discovery.", "otelcol.", "prometheus."];
            let references =
                words.filter(move |word| roots.iter().any(|root| word.starts_with(root)));
            references.map(str::to_owned)
        });
        own.chain(self.blocks.iter().flat_map(Self::references))
            .collect()
    }

    /// How others refer to it: `None` when it exports nothing.
    pub(super) fn export(&self) -> Option<String> {
        let (name, _, _, export) = self.known()?;
        let label = self.label.as_ref()?;
        (!export.is_empty()).then(|| format!("{name}.{label}.{export}"))
    }

    pub(super) fn argument(&self, name: &str) -> &str {
        let argument = self.arguments.iter().find(|(own, _)| own == name);
        let (_, value) = argument.unwrap_or_else(|| panic!("{} has no {name}", self.name));
        value.trim_matches('"')
    }

    pub(super) fn block(&self, name: &str) -> &Self {
        let name = format!("{}/{name}", self.name);
        self.blocks.iter().find(|block| block.name == name).unwrap()
    }
}
