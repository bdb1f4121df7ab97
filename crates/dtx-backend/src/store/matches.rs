//! Matches: the results of games.

use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::cache::Tables;
use crate::store::{Conditions, Record, Store, StoreError};
use crate::timestamp::Timestamp;

/// The result of a finished game.
#[derive(Clone, Debug, FromRow, Serialize)]
pub(crate) struct Match {
    pub(crate) id: i64,
    pub(crate) game_id: i64,
    pub(crate) tournament_id: i64,
    pub(crate) first_team_id: i64,
    pub(crate) second_team_id: i64,
    #[sqlx(flatten)]
    #[serde(flatten)]
    pub(crate) score: Score,
    pub(crate) steam_match_id: Option<i64>,
    pub(crate) owner_id: i64,
    pub(crate) created_at: Timestamp,
}

/// Who won and by how much. The winner need not have the higher score.
#[derive(Clone, Copy, Debug, FromRow, Serialize)]
pub(crate) struct Score {
    /// One of the two teams; `None` after a draw.
    pub(crate) winner_id: Option<i64>,
    pub(crate) first_score: i64,
    pub(crate) second_score: i64,
}

impl Record for Match {
    const NAME: &'static str = "match";
    const TABLE: &'static str = "matches";
    const SELECT: &'static str = "SELECT matches.id, game_id, tournament_id, \
                                  matches.first_team_id, matches.second_team_id, winner_id, \
                                  first_score, second_score, steam_match_id, owner_id, \
                                  matches.created_at \
                                  FROM matches JOIN games ON games.id = game_id \
                                  JOIN leagues ON leagues.id = league_id \
                                  JOIN organizations ON organizations.id = organization_id";
    const CONFLICT: &'static str = "the game is not finished, or has its match already";
    type Filter = MatchFilter;

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
pub(crate) struct MatchFilter {
    league: Option<i64>,
    tournament: Option<i64>,
    game: Option<i64>,
}

impl From<MatchFilter> for Conditions {
    fn from(filter: MatchFilter) -> Self {
        Self::new()
            .equals("league_id", filter.league)
            .equals("tournament_id", filter.tournament)
            .equals("game_id", filter.game)
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct NewMatch {
    pub(crate) game_id: i64,
    pub(crate) winner_id: Option<i64>,
    pub(crate) first_score: i64,
    pub(crate) second_score: i64,
    pub(crate) steam_match_id: Option<i64>,
}

impl Store {
    /// Records the result of a game; a conflict unless it is finished and has none.
    pub(crate) async fn create_match(
        &self,
        game_id: i64,
        score: Score,
        steam_match_id: Option<i64>,
    ) -> Result<Match, StoreError> {
        let query = "INSERT INTO matches (game_id, first_team_id, second_team_id, winner_id, \
                     first_score, second_score, created_at, steam_match_id) \
                     SELECT id, first_team_id, second_team_id, $2, $3, $4, $5, $6 FROM games \
                     WHERE id = $1 AND state = 'finished' RETURNING id";
        self.insert(
            self.query(query)
                .bind(game_id)
                .bind(score.winner_id)
                .bind(score.first_score)
                .bind(score.second_score)
                .bind(Timestamp::now())
                .bind(steam_match_id),
        )
        .await
    }

    /// Corrects a result.
    pub(crate) async fn update_match(
        &self,
        id: i64,
        score: Score,
        steam_match_id: Option<i64>,
    ) -> Result<Match, StoreError> {
        let query = "UPDATE matches SET winner_id = $2, first_score = $3, second_score = $4, \
                     steam_match_id = $5 WHERE id = $1";
        self.update(
            id,
            self.query(query)
                .bind(id)
                .bind(score.winner_id)
                .bind(score.first_score)
                .bind(score.second_score)
                .bind(steam_match_id),
        )
        .await
    }
}
