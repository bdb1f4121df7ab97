//! What commands are called.

use std::borrow::Cow;

use redis::{Arg, Cmd, Pipeline};

/// The name of what is no command's name: anybody may send anything.
const OTHER: &str = "_OTHER";
/// How long the name of a command is at most.
const LONGEST_NAME: usize = 32;

/// What a call does.
pub(crate) struct Operation {
    pub(crate) name: Cow<'static, str>,
    /// How many commands it has.
    pub(crate) size: usize,
}

/// The name of a command, in upper case.
pub(crate) fn name(command: &Cmd) -> Cow<'static, str> {
    match command.args_iter().next() {
        Some(Arg::Simple(name)) if is_name(name) => {
            Cow::Owned(String::from_utf8_lossy(name).to_ascii_uppercase())
        }
        _ => Cow::Borrowed(OTHER),
    }
}

/// The name of a pipeline: with that of its commands, where all have the same.
pub(crate) fn name_of_pipeline(pipeline: &Pipeline) -> Cow<'static, str> {
    let kind = if pipeline.is_transaction() {
        "MULTI"
    } else {
        "PIPELINE"
    };
    let mut names = pipeline.cmd_iter().map(name);
    match names.next() {
        Some(first) if names.all(|name| name == first) => [kind, " ", &first].concat().into(),
        _ => kind.into(),
    }
}

/// Commands are words; those of modules have dots, as `JSON.GET`.
fn is_name(name: &[u8]) -> bool {
    (1..=LONGEST_NAME).contains(&name.len())
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}
