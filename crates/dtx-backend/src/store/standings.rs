//! What follows from results: tables and brackets.

use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};

use crate::events::Event;
use crate::store::{GameState, Store, StoreError, Tournament};
use crate::timestamp::Timestamp;

/// A team's line in a table: three points for a win, one for a draw.
#[derive(Debug, Deserialize, FromRow, Serialize)]
pub(crate) struct Standing {
    /// Counts from 1. More points come first, then the better difference of scores, then
    /// more scored, then the name, then the older team.
    pub(crate) position: i64,
    pub(crate) team_id: i64,
    pub(crate) team: String,
    pub(crate) played: i64,
    pub(crate) won: i64,
    pub(crate) drawn: i64,
    pub(crate) lost: i64,
    pub(crate) scored: i64,
    pub(crate) conceded: i64,
    pub(crate) points: i64,
}

/// The games of a bracket that are played side by side.
#[derive(Debug, Serialize)]
pub(crate) struct BracketRound {
    round: i64,
    games: Vec<BracketGame>,
}

/// A game in its place in a bracket, with its result if it has one.
#[derive(Debug, FromRow, Serialize)]
pub(crate) struct BracketGame {
    #[serde(skip)]
    pub(crate) round: i64,
    pub(crate) game_id: i64,
    pub(crate) state: GameState,
    pub(crate) scheduled_at: Timestamp,
    pub(crate) first_team_id: i64,
    pub(crate) first_team: String,
    pub(crate) second_team_id: i64,
    pub(crate) second_team: String,
    /// The result: all `None` as long as there is none.
    pub(crate) winner_id: Option<i64>,
    pub(crate) first_score: Option<i64>,
    pub(crate) second_score: Option<i64>,
}

/// The teams that have games in a tournament, and its results.
const OF_TOURNAMENT: &str = "FROM teams LEFT JOIN results \
                             ON results.team_id = teams.id AND results.tournament_id = $1 \
                             WHERE teams.id IN (\
                             SELECT first_team_id FROM games WHERE tournament_id = $1 UNION \
                             SELECT second_team_id FROM games WHERE tournament_id = $1)";

/// Makes a table of the teams and results that `FROM` and what follows it give.
fn table(from: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "SELECT ROW_NUMBER() OVER \
         (ORDER BY points DESC, scored - conceded DESC, scored DESC, team, team_id) AS position, \
         team_id, team, played, won, played - won - lost AS drawn, lost, scored, conceded, points \
         FROM (SELECT teams.id AS team_id, teams.name AS team, COUNT(results.team_id) AS played, \
         CAST(COALESCE(SUM(won), 0) AS BIGINT) AS won, CAST(COALESCE(SUM(lost), 0) AS BIGINT) AS lost, \
         CAST(COALESCE(SUM(scored), 0) AS BIGINT) AS scored, CAST(COALESCE(SUM(conceded), 0) AS BIGINT) AS conceded, \
         CAST(COALESCE(SUM(2 * won + 1 - lost), 0) AS BIGINT) AS points \
         {from} GROUP BY teams.id, teams.name) AS totals ORDER BY position"
    ))
}

impl Store {
    /// The table of all teams of a league, from the results of all its tournaments.
    pub(crate) async fn league_standings(
        &self,
        league_id: i64,
    ) -> Result<Vec<Standing>, StoreError> {
        let sql = table(
            "FROM teams LEFT JOIN results ON results.team_id = teams.id \
             WHERE teams.league_id = $1",
        );
        let standings = self.query(sql).bind(league_id);
        Ok(standings.fetch_all().await?)
    }

    /// The table of the teams that have games in a tournament, from its results.
    pub(crate) async fn tournament_standings(
        &self,
        tournament_id: i64,
    ) -> Result<Vec<Standing>, StoreError> {
        let sql = table(OF_TOURNAMENT);
        let standings = self.query(sql).bind(tournament_id);
        Ok(standings.fetch_all().await?)
    }

    /// The table of a tournament as it was stored, and when; `None` when none is, or anything
    /// has changed since.
    pub(crate) async fn stored_standings(
        &self,
        tournament_id: i64,
    ) -> Result<Option<(Timestamp, Vec<Standing>)>, StoreError> {
        // Both of one moment.
        let mut transaction = self.begin_reading().await?;
        let query = "SELECT computed_at FROM stored_tables WHERE tournament_id = $1";
        let computed_at = transaction
            .query(query)
            .bind(tournament_id)
            .fetch_optional()
            .await?;
        let Some((computed_at,)) = computed_at else {
            return Ok(None);
        };
        let query = "SELECT position, team_id, team, played, won, drawn, lost, scored, conceded, \
                     points FROM stored_standings WHERE tournament_id = $1 ORDER BY position";
        let standings = transaction
            .query(query)
            .bind(tournament_id)
            .fetch_all()
            .await?;
        Ok(Some((computed_at, standings)))
    }

    /// Computes the table of a tournament and stores it, in place of the one that is stored; how
    /// many teams are in it. `None` when there is no such tournament.
    pub(crate) async fn store_standings(
        &self,
        tournament_id: i64,
    ) -> Result<Option<u64>, StoreError> {
        let mut transaction = self.begin().await?;
        // What is stored follows from all that was committed before; what is committed later takes
        // it away again.
        transaction.lock::<Tournament>(tournament_id).await?;
        transaction
            .query("DELETE FROM stored_tables WHERE tournament_id = $1")
            .bind(tournament_id)
            .execute()
            .await?;
        let query = "INSERT INTO stored_tables (tournament_id, computed_at) \
                     SELECT id, $2 FROM tournaments WHERE id = $1";
        let stored = transaction
            .query(query)
            .bind(tournament_id)
            .bind(Timestamp::now())
            .execute()
            .await?;
        if stored == 0 {
            return Ok(None);
        }
        let table = table(OF_TOURNAMENT).0;
        let query = AssertSqlSafe(format!(
            "INSERT INTO stored_standings (tournament_id, position, team_id, team, played, won, \
             drawn, lost, scored, conceded, points) SELECT $1, position, team_id, team, played, \
             won, drawn, lost, scored, conceded, points FROM ({table}) AS computed"
        ));
        let standings = transaction.query(query).bind(tournament_id);
        let teams = standings.execute().await?;
        transaction
            .store_event(&Event::BracketChanged { tournament_id })
            .await?;
        self.commit(transaction).await?;
        Ok(Some(teams))
    }

    /// The games of a tournament, by round and then in the order in which they are played.
    pub(crate) async fn bracket(
        &self,
        tournament_id: i64,
    ) -> Result<Vec<BracketRound>, StoreError> {
        let query = "SELECT round, games.id AS game_id, state, scheduled_at, \
                     games.first_team_id, first.name AS first_team, \
                     games.second_team_id, second.name AS second_team, \
                     winner_id, first_score, second_score FROM games \
                     JOIN teams AS first ON first.id = games.first_team_id \
                     JOIN teams AS second ON second.id = games.second_team_id \
                     LEFT JOIN matches ON matches.game_id = games.id \
                     WHERE tournament_id = $1 ORDER BY round, scheduled_at, games.id";
        let games: Vec<BracketGame> = self.query(query).bind(tournament_id).fetch_all().await?;
        let mut rounds: Vec<BracketRound> = Vec::new();
        for game in games {
            match rounds.last_mut() {
                Some(last) if last.round == game.round => last.games.push(game),
                _ => rounds.push(BracketRound {
                    round: game.round,
                    games: vec![game],
                }),
            }
        }
        Ok(rounds)
    }
}
