//! Games.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::cache::Tables;
use crate::events::Event;
use crate::store::{Conditions, Record, Store, StoreError, inserted, updated};
use crate::timestamp::Timestamp;

/// A game of two teams of the tournament's league.
#[derive(Debug, Deserialize, FromRow, Serialize)]
pub(crate) struct Game {
    pub(crate) id: i64,
    pub(crate) tournament_id: i64,
    pub(crate) round: i64,
    pub(crate) first_team_id: i64,
    pub(crate) second_team_id: i64,
    pub(crate) state: GameState,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) owner_id: i64,
    pub(crate) created_at: Timestamp,
}

/// How far a game is. It goes from each state to the next alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum GameState {
    Scheduled,
    Running,
    Finished,
}

impl GameState {
    /// Says whether a game in this state may go to `next`.
    pub(crate) fn can_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Scheduled, Self::Running) | (Self::Running, Self::Finished)
        )
    }

    /// Its name in the database and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Finished => "finished",
        }
    }
}

impl Record for Game {
    const NAME: &'static str = "game";
    const TABLE: &'static str = "games";
    const SELECT: &'static str = "SELECT games.id, tournament_id, round, first_team_id, \
                                  second_team_id, state, scheduled_at, started_at, finished_at, \
                                  owner_id, games.created_at FROM games \
                                  JOIN leagues ON leagues.id = league_id \
                                  JOIN organizations ON organizations.id = organization_id";
    const CONFLICT: &'static str = "the tournament was deleted meanwhile";
    type Filter = GameFilter;

    fn id(&self) -> i64 {
        self.id
    }

    fn owner_id(&self) -> i64 {
        self.owner_id
    }

    fn tables(&self) -> Option<Tables> {
        Some(Tables::OfTournament(self.tournament_id))
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct GameFilter {
    league: Option<i64>,
    tournament: Option<i64>,
    state: Option<GameState>,
}

impl GameFilter {
    /// All games of one tournament.
    pub(crate) fn of_tournament(id: i64) -> Self {
        Self {
            league: None,
            tournament: Some(id),
            state: None,
        }
    }
}

impl From<GameFilter> for Conditions {
    fn from(filter: GameFilter) -> Self {
        Self::new()
            .equals("league_id", filter.league)
            .equals("tournament_id", filter.tournament)
            .equals("state", filter.state.map(GameState::name))
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewGame {
    pub(crate) tournament_id: i64,
    pub(crate) round: i64,
    pub(crate) first_team_id: i64,
    pub(crate) second_team_id: i64,
    pub(crate) scheduled_at: Timestamp,
}

impl Default for NewGame {
    fn default() -> Self {
        Self {
            tournament_id: 0,
            round: 1,
            first_team_id: 0,
            second_team_id: 0,
            scheduled_at: Timestamp::now(),
        }
    }
}

/// What is to change of a game; `None` stays as it is.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct GameChanges {
    pub(crate) round: Option<i64>,
    pub(crate) scheduled_at: Option<Timestamp>,
    pub(crate) state: Option<GameState>,
}

impl Store {
    pub(crate) async fn create_game(&self, new: &NewGame) -> Result<Game, StoreError> {
        let query = "INSERT INTO games (tournament_id, league_id, round, first_team_id, \
                     second_team_id, scheduled_at, created_at) \
                     SELECT id, league_id, $2, $3, $4, $5, $6 FROM tournaments WHERE id = $1 \
                     RETURNING id";
        let mut transaction = self.begin().await?;
        let query = transaction
            .query(query)
            .bind(new.tournament_id)
            .bind(new.round)
            .bind(new.first_team_id)
            .bind(new.second_team_id)
            .bind(new.scheduled_at)
            .bind(Timestamp::now());
        let id = inserted::<Game>(query).await?;
        let event = Event::GameCreated {
            game_id: id,
            tournament_id: new.tournament_id,
            scheduled_at: new.scheduled_at,
        };
        transaction.store_event(&event).await?;
        self.commit(transaction).await?;
        self.find(id).await?.ok_or(StoreError::CHANGED)
    }

    /// Changes a game that is as it was seen; a conflict when it no longer is in that state.
    pub(crate) async fn update_game(
        &self,
        before: &Game,
        changes: &GameChanges,
    ) -> Result<Game, StoreError> {
        let query = "UPDATE games SET round = COALESCE($3, round), \
                     scheduled_at = COALESCE($4, scheduled_at), \
                     state = COALESCE($5, state), \
                     started_at = COALESCE($6, started_at), \
                     finished_at = COALESCE($7, finished_at) \
                     WHERE id = $1 AND state = $2";
        let now = Timestamp::now();
        let now_if = |state| (changes.state == Some(state)).then_some(now);
        let mut transaction = self.begin().await?;
        let query = transaction
            .query(query)
            .bind(before.id)
            .bind(before.state)
            .bind(changes.round)
            .bind(changes.scheduled_at)
            .bind(changes.state)
            .bind(now_if(GameState::Running))
            .bind(now_if(GameState::Finished));
        updated::<Game>(query).await?;
        if let Some(new_status) = changes.state {
            let event = Event::GameTransitioned {
                game_id: before.id,
                tournament_id: before.tournament_id,
                old_status: before.state,
                new_status,
                transitioned_at: now,
            };
            transaction.store_event(&event).await?;
        }
        self.commit(transaction).await?;
        self.find(before.id).await?.ok_or(StoreError::CHANGED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::TlsSettings;
    use crate::store::DatabaseUrl;

    #[tokio::test]
    async fn a_game_that_has_left_the_state_it_was_seen_in_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let url = DatabaseUrl::file(directory.path().join("dtx.sqlite"));
        let store = Store::open(&url, &TlsSettings::default()).await.unwrap();
        store.add_sample_data("no hash").await.unwrap();
        let scheduled: Game = store.find(7).await.unwrap().unwrap();
        let changes = GameChanges {
            state: Some(GameState::Running),
            ..GameChanges::default()
        };
        let start = || store.update_game(&scheduled, &changes);
        let running = start().await.unwrap();
        assert_eq!(running.state, GameState::Running);
        let error = start().await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    }
}
