//! What the bot does, each command a unit of work with a root span.

use serde_json::{Value, json};
use telemetry_core::{UnitOfWork, error_chain, names, record_error};

use crate::bot::interaction::{Interaction, Invocation};
use crate::site::{Site, SiteError};

/// Where a command came from, who sent it, and what it is called: on its span, and on every line
/// beneath.
const GUILD_ID: &str = "discord.guild.id";
const CHANNEL_ID: &str = "discord.channel.id";
const USER_ID: &str = "discord.user.id";
const COMMAND_NAME: &str = "discord.command.name";

/// The span of a command that there is not: names of spans are few.
const UNKNOWN: &str = "unknown_command";
/// How many teams of a table are shown.
const MOST_TEAMS: usize = 20;

/// The commands.
#[derive(Clone, Copy, Debug)]
enum Command {
    Games,
    Create,
    Join,
    Standings,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// It is not as it should be; what would be right.
    #[error("{0}")]
    Misused(String),
    #[error(transparent)]
    Site(#[from] SiteError),
}

impl Command {
    const ALL: [Self; 4] = [Self::Games, Self::Create, Self::Join, Self::Standings];

    fn name(self) -> &'static str {
        match self {
            Self::Games => "games",
            Self::Create => "create",
            Self::Join => "join",
            Self::Standings => "standings",
        }
    }
}

/// Does a command; what is said in the chat, whatever becomes of it.
pub(super) async fn run(site: &Site, interaction: &Interaction, called: &Invocation) -> String {
    let mut commands = Command::ALL.into_iter();
    let command = commands.find(|command| command.name() == called.name);
    let mut unit = UnitOfWork::new(command.map_or(UNKNOWN, Command::name));
    for (key, value) in [
        (GUILD_ID, interaction.guild_id.as_deref()),
        (CHANNEL_ID, interaction.channel_id.as_deref()),
        (USER_ID, interaction.user_id()),
        (COMMAND_NAME, Some(&*called.name)),
    ] {
        if let Some(value) = value {
            unit = unit.with_field(key, value);
        }
    }
    unit.run(async {
        let user = interaction.user_id();
        let done = match command {
            Some(Command::Games) => games(site).await,
            Some(Command::Create) => create(site, user, called).await,
            Some(Command::Join) => join(site, user, called).await,
            Some(Command::Standings) => standings(site, called).await,
            None => Err(Failure::Misused(usage())),
        };
        done.unwrap_or_else(told)
    })
    .await
}

/// What is said of a failure, once it is logged.
fn told(failure: Failure) -> String {
    let Failure::Site(error) = failure else {
        tracing::info!({ names::ERROR } = %failure, "bot_command_misused");
        return failure.to_string();
    };
    let (kind, text) = match &error {
        SiteError::Refused { reason, .. } => {
            ("refused", format!("That is not possible: {reason}."))
        }
        SiteError::Unknown => (
            "unauthenticated",
            "I can only read here: the site does not know me. Its DTX_API_TOKEN and mine must be \
             the same."
                .to_owned(),
        ),
        SiteError::Unavailable(_) => (
            "unavailable",
            "The site does not answer just now. Try again in a minute.".to_owned(),
        ),
    };
    record_error(kind, &error);
    let message = error_chain::sentence(&error);
    tracing::warn!({ names::ERROR } = message, "bot_command_failed");
    text
}

async fn games(site: &Site) -> Result<String, Failure> {
    let games = site.upcoming_games().await?;
    if games.is_empty() {
        return Ok("No game is scheduled.".to_owned());
    }
    let lines = games.iter().map(|game| {
        format!(
            "**{}** {} – {} ({}), <t:{}:f>",
            game.game_id,
            game.first_team,
            game.second_team,
            game.tournament,
            game.scheduled_at.to_unix()
        )
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

async fn create(site: &Site, user: Option<&str>, called: &Invocation) -> Result<String, Failure> {
    let game = json!({
        "tournament_id": number(called, "tournament")?,
        "first_team_id": number(called, "first_team")?,
        "second_team_id": number(called, "second_team")?,
        "scheduled_at": text(called, "at")?,
    });
    let game = site.create_game(known(user)?, &game).await?;
    let at = game.scheduled_at.to_unix();
    Ok(format!("Game **{}** is scheduled for <t:{at}:f>.", game.id))
}

async fn join(site: &Site, user: Option<&str>, called: &Invocation) -> Result<String, Failure> {
    let game = number(called, "game")?;
    Ok(if site.join(known(user)?, game).await? {
        format!("You take part in game **{game}**.")
    } else {
        format!("You take part in game **{game}** already.")
    })
}

async fn standings(site: &Site, called: &Invocation) -> Result<String, Failure> {
    let standings = site.standings(number(called, "tournament")?).await?;
    if standings.is_empty() {
        return Ok("Nobody plays in this tournament yet.".to_owned());
    }
    let lines = standings.iter().take(MOST_TEAMS).map(|team| {
        format!(
            "{}. {}: {} points ({} won, {} drawn, {} lost)",
            team.position, team.team, team.points, team.won, team.drawn, team.lost
        )
    });
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// A positive number among the options.
fn number(called: &Invocation, name: &str) -> Result<i64, Failure> {
    let number = called.option(name).and_then(Value::as_i64);
    number
        .filter(|number| *number > 0)
        .ok_or_else(|| Failure::Misused(format!("`/{}` needs `{name}`, a number.", called.name)))
}

fn text<'a>(called: &'a Invocation, name: &str) -> Result<&'a str, Failure> {
    let text = called.option(name).and_then(Value::as_str);
    text.ok_or_else(|| {
        let example = "a time such as `2026-12-05T18:00:00Z`";
        Failure::Misused(format!("`/{}` needs `{name}`, {example}.", called.name))
    })
}

/// Who sent the command: whoever changes something must be known.
fn known(user: Option<&str>) -> Result<&str, Failure> {
    user.ok_or_else(|| Failure::Misused("Discord does not say who you are.".to_owned()))
}

fn usage() -> String {
    let names = Command::ALL.map(|command| format!("`/{}`", command.name()));
    format!("I know no such command. There are {}.", names.join(", "))
}
