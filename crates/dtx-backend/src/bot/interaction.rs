//! Interactions and the replies to them, as Discord has them.
//!
//! <https://discord.com/developers/docs/interactions/receiving-and-responding>

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// How many characters a message may have.
const LONGEST_CONTENT: usize = 2000;

/// Something that somebody did in a chat; what the bot does not know is left out.
#[derive(Debug, Deserialize)]
pub(super) struct Interaction {
    #[serde(rename = "type")]
    pub(super) kind: InteractionKind,
    pub(super) guild_id: Option<String>,
    pub(super) channel_id: Option<String>,
    /// Who did it, in a guild.
    member: Option<Member>,
    /// Who did it, elsewhere.
    user: Option<DiscordUser>,
    pub(super) data: Option<Invocation>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InteractionKind {
    Ping,
    Command,
    /// What the bot offers nobody.
    Other,
}

#[derive(Debug, Deserialize)]
struct Member {
    user: DiscordUser,
}

#[derive(Debug, Deserialize)]
struct DiscordUser {
    id: String,
}

/// A command with its options.
#[derive(Debug, Deserialize)]
pub(super) struct Invocation {
    pub(super) name: String,
    #[serde(default)]
    options: Vec<CommandOption>,
}

#[derive(Debug, Deserialize)]
struct CommandOption {
    name: String,
    #[serde(default)]
    value: Value,
}

/// What Discord is answered with.
#[derive(Debug, Serialize)]
pub(super) struct Reply {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Message>,
}

#[derive(Debug, Serialize)]
struct Message {
    content: String,
    allowed_mentions: AllowedMentions,
}

/// Nobody is notified, whatever a team is called.
#[derive(Debug, Default, Serialize)]
struct AllowedMentions {
    parse: [(); 0],
}

impl Interaction {
    /// The id of who did it.
    pub(super) fn user_id(&self) -> Option<&str> {
        let user = self.member.as_ref().map(|member| &member.user);
        user.or(self.user.as_ref()).map(|user| &*user.id)
    }
}

impl Invocation {
    /// The value of an option.
    pub(super) fn option(&self, name: &str) -> Option<&Value> {
        let option = self.options.iter().find(|option| option.name == name);
        option.map(|option| &option.value)
    }
}

impl Reply {
    pub(super) fn pong() -> Self {
        Self {
            kind: 1,
            data: None,
        }
    }

    /// A message in the channel. What is too long is cut.
    pub(super) fn message(content: &str) -> Self {
        Self {
            kind: 4,
            data: Some(Message {
                content: content.chars().take(LONGEST_CONTENT).collect(),
                allowed_mentions: AllowedMentions::default(),
            }),
        }
    }
}

impl<'de> Deserialize<'de> for InteractionKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match u64::deserialize(deserializer)? {
            1 => Self::Ping,
            2 => Self::Command,
            _ => Self::Other,
        })
    }
}
