//! What happens to games and brackets, told to other roles.
//!
//! An event is stored in the transaction that makes it true, with the context of whoever did it.
//! A relay takes it from there to the message broker or, without one, to the role in this process
//! that wants it. So an event is told although the broker is away or the process ends, and may be
//! told twice: each has an id that stays.

mod broker;
mod relay;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

pub(crate) use broker::EventBroker;
pub(crate) use relay::{Relay, Sink};

use crate::store::GameState;
use crate::timestamp::Timestamp;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// There is a new game.
    GameCreated {
        game_id: i64,
        tournament_id: i64,
        scheduled_at: Timestamp,
    },
    /// A game went to its next state.
    GameTransitioned {
        game_id: i64,
        tournament_id: i64,
        old_status: GameState,
        new_status: GameState,
        transitioned_at: Timestamp,
    },
    /// A game is about to begin.
    GameNotification {
        notification_id: i64,
        game_id: i64,
        tournament_id: i64,
        scheduled_at: Timestamp,
    },
    /// A result was entered, changed or taken back.
    BracketChanged { tournament_id: i64 },
}

impl Event {
    /// Tells it from all others. What can happen once has the same id each time it is told.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::GameCreated { game_id, .. } => format!("game-{game_id}-created"),
            Self::GameTransitioned {
                game_id,
                new_status,
                ..
            } => format!("game-{game_id}-{}", new_status.name()),
            Self::GameNotification {
                notification_id, ..
            } => format!("notification-{notification_id}"),
            Self::BracketChanged { .. } => format!("bracket-{}", Ulid::generate()),
        }
    }

    /// What queues choose events by.
    pub(crate) fn routing_key(&self) -> &'static str {
        match self {
            Self::GameCreated { .. } => "game.created",
            Self::GameTransitioned { .. } => "game.transitioned",
            Self::GameNotification { .. } => "game.notification",
            Self::BracketChanged { .. } => "bracket.changed",
        }
    }
}
