//! A tournament as its watchers see it.

use serde::Serialize;

use crate::live::room::{Reading, Source, State};
use crate::store::{BracketRound, Standing, Store, Tournament};

/// The bracket, with the results, and the table.
#[derive(Debug)]
pub(super) struct TournamentSource {
    store: Store,
    id: i64,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Message {
    Tournament {
        tournament_id: i64,
        name: String,
        rounds: Vec<BracketRound>,
        standings: Vec<Standing>,
    },
}

impl TournamentSource {
    pub(super) fn new(store: Store, id: i64) -> Self {
        Self { store, id }
    }
}

impl Source for TournamentSource {
    async fn read(&mut self) -> anyhow::Result<Reading> {
        let Some(tournament) = self.store.find::<Tournament>(self.id).await? else {
            return Ok(Reading {
                state: None,
                due: None,
            });
        };
        let message = Message::Tournament {
            tournament_id: self.id,
            name: tournament.name,
            rounds: self.store.bracket(self.id).await?,
            standings: self.store.tournament_standings(self.id).await?,
        };
        Ok(Reading {
            state: Some(State::from(serde_json::to_string(&message)?)),
            due: None,
        })
    }
}
