//! What was started here: a file for each server, in `target/services`.

use std::path::PathBuf;
use std::{fs, io};

use anyhow::Context as _;

use crate::workspace;

/// How a server was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Started {
    ByCompose,
    /// As a process with this id.
    Process(u32),
}

impl Started {
    /// Tells whether and how it was.
    ///
    /// # Errors
    ///
    /// When the note cannot be read.
    pub(super) fn of(key: &str) -> anyhow::Result<Option<Self>> {
        match fs::read_to_string(directory().join(key)) {
            Ok(text) => Self::parse(&text).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read the note about {key}")),
        }
    }

    /// Notes it.
    ///
    /// # Errors
    ///
    /// When that cannot be written.
    pub(super) fn note(self, key: &str) -> anyhow::Result<()> {
        fs::write(directory().join(key), self.text()).context("cannot write to target/services")
    }

    fn text(self) -> String {
        match self {
            Self::ByCompose => "compose".to_owned(),
            Self::Process(id) => id.to_string(),
        }
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        match text {
            "compose" => Ok(Self::ByCompose),
            id => Ok(Self::Process(id.parse().with_context(|| {
                format!("{} holds {id:?}", directory().display())
            })?)),
        }
    }
}

/// Where notes and logs are.
pub(super) fn directory() -> PathBuf {
    workspace::root().join("target/services")
}

/// Forgets all notes.
///
/// # Errors
///
/// When they cannot be removed.
pub(super) fn forget_all() -> anyhow::Result<()> {
    match fs::remove_dir_all(directory()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context("cannot remove target/services")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_says_how_a_server_was_started() {
        for started in [Started::ByCompose, Started::Process(4711)] {
            assert_eq!(Started::parse(&started.text()).unwrap(), started);
        }
        assert!(Started::parse("").is_err());
    }
}
