//! The text of commands, as far as it is asked for.

use redis::{Arg, Cmd};
use sha1_smol::Sha1;

use crate::command;

/// How many bytes a text has at most.
const MOST_BYTES: usize = 1024;
/// What stands for an argument that is not shown.
const HIDDEN: &str = "?";
/// Commands whose arguments are never shown.
const SECRET: [&str; 5] = ["ACL", "AUTH", "CONFIG", "HELLO", "MIGRATE"];

/// Commands whose first argument is a script: it stands there by its hash, as `EVALSHA` names it.
const OF_SCRIPTS: [&str; 2] = ["EVAL", "EVAL_RO"];
/// Commands whose first argument is a value.
const OF_VALUES: [&str; 2] = ["ECHO", "PING"];

/// What `db.query.text` shows of commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueryText {
    /// It is not recorded.
    #[default]
    None,
    /// The command and its first argument, which is the key of most: `SET session:5 ?`. Of a script
    /// the hash, as `EVALSHA` has it: `EVAL a42059b3… ? ?`.
    Keys,
    /// All arguments: `SET session:5 abc`. For development.
    Values,
}

/// The text of some commands, cut at 1,024 bytes.
pub(crate) fn of<'a>(
    commands: impl IntoIterator<Item = &'a Cmd>,
    shown: QueryText,
) -> Option<String> {
    if shown == QueryText::None {
        return None;
    }
    let mut text = String::new();
    for command in commands {
        if !text.is_empty() {
            text.push('\n');
        }
        write(&mut text, command, shown);
        if text.len() > MOST_BYTES {
            text.truncate(text.floor_char_boundary(MOST_BYTES));
            break;
        }
    }
    Some(text)
}

fn write(text: &mut String, command: &Cmd, shown: QueryText) {
    let name = command::name(command);
    text.push_str(&name);
    let is_secret = SECRET.contains(&&*name);
    let is_script = OF_SCRIPTS.contains(&&*name);
    for (index, argument) in command.args_iter().skip(1).enumerate() {
        text.push(' ');
        let is_first = index == 0 && !OF_VALUES.contains(&&*name);
        let is_shown = !is_secret && (shown == QueryText::Values || is_first);
        match argument {
            Arg::Simple(script) if is_shown && is_script && shown == QueryText::Keys => {
                text.push_str(&Sha1::from(script).digest().to_string());
            }
            Arg::Simple(argument) if is_shown => push(text, argument),
            _ => text.push_str(HIDDEN),
        }
        if text.len() > MOST_BYTES {
            return;
        }
    }
}

/// Adds an argument, of which no more is looked at than has room.
fn push(text: &mut String, argument: &[u8]) {
    let argument = &argument[..argument.len().min(MOST_BYTES)];
    text.push_str(&String::from_utf8_lossy(argument));
}
