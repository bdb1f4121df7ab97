//! The rules of a live draft, and what its clients are told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::store::{DraftTeam, Pick, StoredDraft};
use crate::timestamp::Timestamp;

/// How many heroes each team picks.
const PICKS_OF_A_TEAM: usize = 5;
/// How many picks a draft has.
pub(crate) const PICKS: usize = 2 * PICKS_OF_A_TEAM;

/// Who can be picked.
pub(crate) const HEROES: [&str; 24] = [
    "Axe",
    "Bane",
    "Chen",
    "Clinkz",
    "Dazzle",
    "Doom",
    "Earthshaker",
    "Enigma",
    "Invoker",
    "Io",
    "Juggernaut",
    "Kunkka",
    "Lich",
    "Lina",
    "Lion",
    "Luna",
    "Mirana",
    "Puck",
    "Pudge",
    "Rubick",
    "Sniper",
    "Sven",
    "Tusk",
    "Zeus",
];

/// A draft as it is now. What clients are told, too.
#[derive(Debug, Serialize)]
pub(crate) struct LiveDraft {
    pub(crate) draft_id: i64,
    pub(crate) tournament_id: i64,
    pub(crate) phase: Phase,
    teams: [DraftTeam; 2],
    picks: Vec<Pick>,
    /// Absent unless somebody is to pick.
    pub(crate) turn: Option<Turn>,
    /// Who is left.
    pub(crate) heroes: Vec<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Waiting,
    Running,
    Finished,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Turn {
    pub(crate) position: i64,
    pub(crate) team_id: i64,
    captain_id: i64,
    /// When the clock picks.
    pub(crate) ends_at: Timestamp,
}

/// What a client asks for.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Command {
    /// To begin.
    Start,
    Pick {
        hero: String,
    },
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("send {{\"type\":\"start\"}} or {{\"type\":\"pick\",\"hero\":\"…\"}}")]
    Malformed,
    #[error("only the captains of the two teams pick")]
    NotACaptain,
    #[error("the draft has begun already")]
    HasBegun,
    #[error("the draft has not begun")]
    NotBegun,
    #[error("the draft is finished")]
    Finished,
    #[error("it is the other team's turn")]
    NotYourTurn,
    #[error("there is no such hero")]
    UnknownHero,
    #[error("the hero is taken")]
    Taken,
}

impl Refusal {
    /// A word for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::NotACaptain => "not_a_captain",
            Self::HasBegun => "has_begun",
            Self::NotBegun => "not_begun",
            Self::Finished => "finished",
            Self::NotYourTurn => "not_your_turn",
            Self::UnknownHero => "unknown_hero",
            Self::Taken => "taken",
        }
    }
}

impl LiveDraft {
    /// Works out what is stored, with so much time for each pick.
    pub(crate) fn new(stored: StoredDraft, pick_time: Duration) -> Self {
        let StoredDraft {
            id,
            tournament_id,
            teams,
            started_at,
            picks,
        } = stored;
        let is_free = |hero: &&str| picks.iter().all(|pick| pick.hero != *hero);
        let heroes = HEROES.into_iter().filter(is_free).collect();
        let phase = match started_at {
            None => Phase::Waiting,
            Some(_) if picks.len() < PICKS => Phase::Running,
            Some(_) => Phase::Finished,
        };
        let turn = started_at.filter(|_| phase == Phase::Running).map(|begun| {
            let team = &teams[picks.len() % 2];
            let since = picks.last().map_or(begun, |pick| pick.picked_at);
            Turn {
                position: picks.len() as i64 + 1,
                team_id: team.id,
                captain_id: team.captain_id,
                ends_at: since.plus(pick_time.try_into().unwrap_or_default()),
            }
        });
        Self {
            draft_id: id,
            tournament_id,
            phase,
            teams,
            picks,
            turn,
            heroes,
        }
    }

    /// The team whose captain a user is; the first of them, for one who is captain of both.
    pub(crate) fn team_of(&self, user: Option<i64>) -> Option<i64> {
        let mut teams = self.teams.iter();
        let team = teams.find(|team| Some(team.captain_id) == user)?;
        Some(team.id)
    }

    /// Says whether a user may begin the draft now.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn check_start(&self, user: Option<i64>) -> Result<(), Refusal> {
        if self.team_of(user).is_none() {
            Err(Refusal::NotACaptain)
        } else if self.phase == Phase::Waiting {
            Ok(())
        } else {
            Err(Refusal::HasBegun)
        }
    }

    /// The turn in which a user may pick this hero now, with the hero as it is listed.
    ///
    /// # Errors
    ///
    /// Why not.
    pub(crate) fn check_pick(
        &self,
        user: Option<i64>,
        hero: &str,
    ) -> Result<(Turn, &'static str), Refusal> {
        if self.team_of(user).is_none() {
            return Err(Refusal::NotACaptain);
        }
        let turn = self.turn.ok_or(match self.phase {
            Phase::Waiting => Refusal::NotBegun,
            Phase::Running | Phase::Finished => Refusal::Finished,
        })?;
        if Some(turn.captain_id) != user {
            return Err(Refusal::NotYourTurn);
        }
        let mut heroes = HEROES.into_iter();
        let hero = heroes
            .find(|listed| listed.eq_ignore_ascii_case(hero))
            .ok_or(Refusal::UnknownHero)?;
        if self.heroes.contains(&hero) {
            Ok((turn, hero))
        } else {
            Err(Refusal::Taken)
        }
    }
}

#[cfg(test)]
mod tests;
